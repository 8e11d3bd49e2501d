"""The use cases: load, let the domain decide, commit. One module each, named for what it does."""
