"""The one botocore session of a process: its clients share what is slow to read, such as the
endpoints of all services and the credentials. A second client then costs 10 ms instead of 60."""

from functools import cache

import botocore.session
from botocore.session import Session


@cache
def session() -> Session:
    """The environment's region, credentials and endpoints, as of the first call."""
    return botocore.session.get_session()
