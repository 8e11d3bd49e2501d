"""The order APIs that outside systems speak, one package each; none knows another.

A wire turns requests into commands (``inbound``), orders into answers (``outbound``), the core's
statuses into its own words and back (``status``), and errors into its own shapes (``errors``).
``docs/ADDING_AN_API.md`` says what a sixth one takes.
"""
