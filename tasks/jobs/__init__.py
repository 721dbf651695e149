"""The jobs of the chapters, each registered where it stands; sweeps in bounded batches, safe to run twice."""
