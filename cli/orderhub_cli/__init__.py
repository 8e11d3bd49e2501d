"""The operator's command line. ``main.py`` puts the groups of commands together."""
