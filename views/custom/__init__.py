"""Screens that cannot be derived from a declaration; each module says in its first sentence why, and offers `views`."""
