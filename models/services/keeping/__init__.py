"""Keeping what was: seals over the history, the archive, and bringing back from either."""
