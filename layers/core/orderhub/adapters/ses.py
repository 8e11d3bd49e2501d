"""Mail out through Amazon SES."""

from typing import TYPE_CHECKING, Final, cast

from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from orderhub.domain.errors import Busy, InvalidField, Unavailable
from orderhub.ports import Mail

from . import aws

if TYPE_CHECKING:
    from mypy_boto3_sesv2 import SESV2Client
    from mypy_boto3_sesv2.type_defs import DestinationTypeDef

_CONFIG: Final = Config(
    retries={"mode": "standard", "total_max_attempts": 2}, connect_timeout=1, read_timeout=4
)
_TOO_FAST: Final = frozenset(
    {"TooManyRequestsException", "LimitExceededException", "Throttling", "ThrottlingException"}
)


def connect() -> "SESV2Client":
    return cast("SESV2Client", aws.session().create_client("sesv2", config=_CONFIG))


class SesMailer:
    """:class:`orderhub.ports.Mailer`. ``sender`` must be an identity that SES has verified."""

    def __init__(self, client: "SESV2Client", sender: str) -> None:
        self._client = client
        self._sender = sender

    def send(self, mail: Mail) -> None:
        destination: DestinationTypeDef = {"ToAddresses": [mail.to]}
        if mail.copy_to:
            destination["CcAddresses"] = [mail.copy_to]
        try:
            self._client.send_email(
                FromEmailAddress=self._sender,
                Destination=destination,
                Content={
                    "Simple": {
                        "Subject": {"Data": mail.subject, "Charset": "UTF-8"},
                        "Body": {"Text": {"Data": mail.text, "Charset": "UTF-8"}},
                    }
                },
            )
        except ClientError as error:
            # Without SES's own words, which may name the recipient: they would end up in the log.
            raise _meaning(error) from None
        except BotoCoreError as error:
            raise Unavailable("the mail service did not answer; try again") from error


def _meaning(error: ClientError) -> Exception:
    """What remains (an unverified sender, a missing permission) is ours to mend."""
    code = error.response["Error"]["Code"]
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    if code == "BadRequestException":
        # We wrote all of the message but the address.
        return InvalidField("email", "invalid")
    if code in _TOO_FAST or status == 429:
        return Busy("the mail service is busy; try again")
    if status >= 500:
        return Unavailable("the mail service did not answer; try again")
    return RuntimeError(f"the mail service refused: {code}")
