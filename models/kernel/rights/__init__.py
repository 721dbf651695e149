"""Who may read, open, write and decide: every question about access is answered in this room."""
