"""How long a ten-year account export takes to read: the first time, and again from the cache."""
