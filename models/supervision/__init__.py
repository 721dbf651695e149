"""Supervision (4.1): inspections, what they find, and the notices by which it is put right."""
