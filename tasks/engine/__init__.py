"""The engine of background work: the scheduler, workers, runs, and the alarms about them."""
