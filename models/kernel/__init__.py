"""The language that record types are declared in, and the one gate that writes them. Knows no Flask and no Celery."""
