"""Surveys (2.1.1): what is asked, who is invited, how answers come in, and what is kept of them."""
