"""Indicators (4.2): what is measured, computed from the sealed history, published, proven, and objected to."""
