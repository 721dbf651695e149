"""Background work as documents: runs, when they are due, and what is wrong with them."""
