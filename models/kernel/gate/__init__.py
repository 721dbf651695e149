"""The one write gate: verbs, validation, history, open cases and notices, in one transaction."""
