"""Second step of a closing state machine: write down what is due on a batch of orders."""

from orderhub.jobs.closing import close_due as handler

__all__ = ["handler"]
