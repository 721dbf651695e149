"""Documents (3.1): the filing plan, documents and their editions, loans."""
