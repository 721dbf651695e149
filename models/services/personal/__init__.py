"""What belongs to one person and is no record: unsaved texts, arrangements of lists."""
