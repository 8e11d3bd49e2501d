"""Messages to subscribers' endpoints."""

from orderhub.jobs.delivering import deliver_webhook as handler

__all__ = ["handler"]
