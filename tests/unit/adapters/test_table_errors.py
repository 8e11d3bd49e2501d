"""What DynamoDB's refusals of a single call mean to whoever asked."""

import pytest
from botocore.exceptions import ClientError, ConnectionClosedError

from orderhub.adapters.dynamodb.client import translated
from orderhub.domain.errors import Busy, Unavailable


def refusal(code: str, status: int = 400) -> ClientError:
    answer = {"Error": {"Code": code}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return ClientError(answer, "PutItem")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("refused", "meaning"),
    [
        (refusal("ProvisionedThroughputExceededException"), Busy),
        (refusal("ThrottlingException"), Busy),
        (refusal("RequestLimitExceeded"), Busy),
        # Another one's transaction writes the same item.
        (refusal("TransactionConflictException"), Busy),
        (refusal("InternalServerError", 500), Unavailable),
        (ConnectionClosedError(endpoint_url="https://table.example.com"), Unavailable),
    ],
    ids=lambda value: value.__name__ if isinstance(value, type) else str(value)[:90],
)
def test_what_may_go_well_later_is_told_so(refused: Exception, meaning: type[Exception]) -> None:
    with pytest.raises(meaning), translated():
        raise refused


def test_what_we_must_mend_stays_as_it_is() -> None:
    refused = refusal("AccessDeniedException")
    with pytest.raises(ClientError) as kept, translated():
        raise refused
    assert kept.value is refused
