"""Across all types: home with its figures, the inbox, search, notices and the bin."""
