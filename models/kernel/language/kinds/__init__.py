"""The kinds of fields: what a value of each is, how it is read from a form or a sheet, and what is wrong with it."""
