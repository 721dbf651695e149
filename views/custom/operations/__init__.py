"""Screens of operations for IT."""
