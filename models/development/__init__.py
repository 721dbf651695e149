"""Product development (2.3): projects from the proposal to maintenance, what is specified, tested and released."""
