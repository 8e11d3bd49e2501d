"""The table's stream to the event bus."""

from orderhub.jobs.publishing import publish_events as handler

__all__ = ["handler"]
