"""Many records at once: the list of a type and what is done on it, its export, the same records by days and states."""
