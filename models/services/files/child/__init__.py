"""Programs that open what people upload. Each runs in a process of its own with limits (`confined.py`), takes an order
as one line of JSON and the content as an open file, and knows nothing of the database, the settings or the network."""
