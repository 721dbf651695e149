"""The page of each process: the declared workflow with what happened on it."""
