"""The ground: time, words, errors, people, names of collections. Knows no record type and no declaration."""
