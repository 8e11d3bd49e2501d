"""The table's stream to the milestones that ranks of orders are told by."""

from orderhub.jobs.ranking import lay_milestones as handler

__all__ = ["handler"]
