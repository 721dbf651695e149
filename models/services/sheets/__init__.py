"""Tables as files: the one writer of CSV and XLSX."""
