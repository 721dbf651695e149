"""After-sales service (2.4): tickets and the limits of their table, satisfaction, knowledge, and the review of it."""
