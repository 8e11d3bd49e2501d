"""Fixtures that every level of tests may use."""

import os

# Before anything imports boto3: tests never reach a real account.
os.environ.update(
    AWS_ACCESS_KEY_ID="testing",
    AWS_SECRET_ACCESS_KEY="testing",
    AWS_DEFAULT_REGION="eu-central-1",
    POWERTOOLS_METRICS_NAMESPACE="OrderHub",
    POWERTOOLS_DEV="false",
)
os.environ.pop("AWS_PROFILE", None)
