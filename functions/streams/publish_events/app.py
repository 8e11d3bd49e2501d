"""The table's stream to subscribers, and to the event bus where there is one."""

from orderhub.jobs.publishing import publish_events as handler

__all__ = ["handler"]
