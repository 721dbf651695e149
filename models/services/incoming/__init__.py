"""Reads messages as they come in: charsets, texts, attachments, and which of them nobody wrote. Knows no records."""
