"""How notices reach people: what each person wants, and what was delivered."""
