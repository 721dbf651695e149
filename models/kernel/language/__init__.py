"""The language that record types are declared in: fields, lists, workflows, seats, and the checks of all this."""
