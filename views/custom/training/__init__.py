"""Screens of training that show no record: taking a quiz, and what is counted over many of them."""
