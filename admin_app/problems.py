"""The one kind of error that ends a command with a sentence for the operator instead of a traceback."""


class Problem(Exception):
    """Something the operator can mend; the text is one whole sentence that says what; `code` ends the process."""

    code = 1


class SettingsError(Problem):
    """A setting is unknown or wrong; the text is one sentence that names it."""
