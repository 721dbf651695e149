"""What serves records and needs nothing of their types: keeping, files, imports, background work, messages, drawings."""
