"""What AWS, or the way to it, has against a command, in one line that says what to do."""

import re
import sys
from typing import Any, Final, Protocol
from urllib.parse import urlsplit

_NOT_ALLOWED: Final = re.compile(
    r"not authorized to perform: (?P<action>[\w:-]+)(?: on resource: (?P<resource>\S+))?"
)
_LOCAL: Final = ("127.0.0.1", "localhost", "::1")

_EXPIRED: Final = frozenset(
    {"ExpiredTokenException", "ExpiredToken", "RequestExpired", "TokenRefreshRequired"}
)
_NOT_KNOWN: Final = frozenset(
    {
        "UnrecognizedClientException",
        "InvalidClientTokenId",
        "InvalidSignatureException",
        "SignatureDoesNotMatch",
        "IncompleteSignatureException",
        "MissingAuthenticationTokenException",
        "InvalidAccessKeyId",
    }
)
_FORBIDDEN: Final = frozenset({"AccessDeniedException", "AccessDenied", "KMSAccessDenied"})
_NO_QUEUE: Final = frozenset(
    {"AWS.SimpleQueueService.NonExistentQueue", "QueueDoesNotExist", "NonExistentQueue"}
)

_SIGN_IN: Final = "sign in again ('aws sso login', or new keys)"


class Where(Protocol):
    """What a command worked on: its table's name and the region that was asked for, if one was."""

    @property
    def table_name(self) -> str: ...

    @property
    def region(self) -> str: ...


def explained(error: BaseException, where: Where | None) -> str | None:
    """One line about an error of AWS's client or of the service behind it, whatever it is wrapped
    in; ``None`` for other errors."""
    # Not imported for this alone: without it there can't be an error of its.
    botocore: Any = sys.modules.get("botocore.exceptions")
    if botocore is None:
        return None
    found: BaseException | None = error
    while found is not None:
        if isinstance(found, botocore.ClientError):
            return _refused(found, where)
        if isinstance(found, botocore.BotoCoreError):
            return _failed(type(found).__name__, str(found))
        found = found.__cause__
    return None


def _refused(error: Any, where: Where | None) -> str:
    code = error.response["Error"].get("Code", "")
    message = error.response["Error"].get("Message", "") or str(error)
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    if code == "ResourceNotFoundException" and where is not None:
        region = f" in {where.region}" if where.region else ""
        return (
            f"there is no table {where.table_name}{region}, or an index of it is missing: check "
            "--table, --region and --profile"
        )
    if code in _FORBIDDEN:
        return _forbidden(error.operation_name, message)
    if code in _EXPIRED or ("expired" in message.lower() and "signature" not in message.lower()):
        return f"your AWS credentials have expired: {_SIGN_IN}"
    if code == "InvalidSignatureException" and "expired" in message.lower():
        return "AWS finds this machine's clock wrong: set it"
    if code in _NOT_KNOWN:
        return f"AWS doesn't know your credentials: check --profile, or {_SIGN_IN}"
    if code in _NO_QUEUE:
        return "a queue that the table names is not there: deploy the stack again"
    if "hrottl" in code or code in ("ProvisionedThroughputExceededException", "SlowDown"):
        return "AWS is throttling: try again in a minute"
    if status >= 500:
        return f"AWS did not answer ({code or status}): try again"
    return f"AWS refused {error.operation_name}: {code}: {_one_line(message)}"


def _forbidden(operation: str, message: str) -> str:
    told = _NOT_ALLOWED.search(message)
    if told is None:
        return f"you may not do that ({operation}): {_one_line(message)}"
    resource = (told["resource"] or "").rstrip(".,")
    on = f" on {resource}" if resource else ""
    return f"you lack the permission {told['action']}{on}: ask whoever looks after the account"


def _failed(kind: str, message: str) -> str:
    match kind:
        case "NoCredentialsError" | "PartialCredentialsError":
            return (
                "no AWS credentials: give --profile, set AWS_PROFILE or AWS_ACCESS_KEY_ID and "
                "AWS_SECRET_ACCESS_KEY, or sign in ('aws sso login')"
            )
        case "NoRegionError":
            return "no AWS region: give --region, or set AWS_REGION"
        case "InvalidRegionError":
            return f"{_one_line(message)}: check --region"
        case "ProfileNotFound":
            return f"{_one_line(message)}: check --profile ('aws configure list-profiles')"
        case (
            "TokenRetrievalError"
            | "UnauthorizedSSOTokenError"
            | "SSOTokenLoadError"
            | "SSOError"
            | "CredentialRetrievalError"
            | "RefreshWithMFAUnsupportedError"
        ):
            return f"your AWS credentials can't be had: {_SIGN_IN}"
        case "EndpointConnectionError" | "ConnectTimeoutError" | "ConnectionClosedError":
            return _unreachable(message)
        case "ReadTimeoutError":
            return "AWS took too long to answer: try again"
        case "ProxyConnectionError":
            return "the proxy can't be reached: check HTTPS_PROXY"
        case "SSLError":
            return f"AWS can't be trusted here: {_one_line(message)}"
    return f"AWS: {_one_line(message)}"


def _unreachable(message: str) -> str:
    url = re.search(r'https?://[^\s"]+', message)
    parts = urlsplit(url[0]) if url else None
    if parts and parts.hostname in _LOCAL:
        return f"nothing answers at {parts.scheme}://{parts.netloc}: start it with 'make run'"
    host = f" ({parts.hostname})" if parts else ""
    return f"can't reach AWS{host}: check the network, and --region"


def _one_line(text: str) -> str:
    return " ".join(text.split()).rstrip(".")
