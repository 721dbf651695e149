"""Screens about the work for customers after the sale."""
