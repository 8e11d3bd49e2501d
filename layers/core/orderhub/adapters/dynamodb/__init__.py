"""One table holds everything; :mod:`.keys` says how it is found again."""
