"""Events from the bus to a message for each of their subscribers."""

from orderhub.jobs.delivering import dispatch_events as handler

__all__ = ["handler"]
