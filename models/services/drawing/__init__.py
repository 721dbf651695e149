"""Drawings of workflows, made from their declarations."""
