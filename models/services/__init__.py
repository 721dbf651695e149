"""What serves records and needs nothing of their types: keeping, files, imports, work, messages, drawings."""
