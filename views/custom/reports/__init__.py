"""Reports that sum over records."""
