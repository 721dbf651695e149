"""How the processes of the company really ran: read from the history of moves, measured, and given to others."""
