"""Charts, pivots and matrices of a type: each number is the count of a list, and leads to it."""
