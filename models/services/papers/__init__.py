"""Documents on paper, made from a format and data."""
