"""Attached files: the doors to their content, how pages list them, and places found in them."""
