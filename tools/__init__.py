"""The project's own tools, for developers and ``make``; nothing of this is deployed."""
