"""Screens of documents, loans and the archive that no declaration gives."""
