"""Screens about what comes in from people outside."""
