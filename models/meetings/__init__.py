"""Meetings (3.3.4): what they are about, who is asked and answers, what is said and decided, and what becomes of it."""
