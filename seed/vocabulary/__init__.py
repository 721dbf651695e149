"""Believable raw material for the demo company; which records are made from it is decided by the seeds that use it."""
