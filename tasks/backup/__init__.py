"""Backups that are proven: made from one moment of the database, verified byte by byte, restored as a drill.

Neither the web nor the queue is known here: the commands, the jobs and the tests call the same functions.
"""
