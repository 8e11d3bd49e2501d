"""First step of a closing state machine: which orders have a deadline behind them?"""

from orderhub.jobs.closing import find_due as handler

__all__ = ["handler"]
