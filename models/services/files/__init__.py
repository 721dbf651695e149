"""Files attached to records: taking them in, reading, searching and showing them."""
