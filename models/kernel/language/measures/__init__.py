"""What is measured of the records of a type: the word `measures=`, its library, and how the history is read for it."""
