"""Work that nobody asked for over HTTP: what state machines, streams and queues call."""
