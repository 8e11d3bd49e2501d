"""One module per generated document. ``generate()`` returns its whole text."""
