"""What Schemathesis can't know from the description: keys that stand in bodies, signatures of whole
requests, and what is there to be asked for."""

import json
import os
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import urlencode
from zlib import crc32

import schemathesis
from requests_oauthlib import OAuth1
from schemathesis import Case, HookContext, Response
from schemathesis.core.failures import AcceptedNegativeData, Failure
from schemathesis.core.parameters import ParameterLocation
from schemathesis.openapi.checks import IgnoredAuth, RejectedPositiveData

from tests.support.fuzz import KNOWN

LONGEST_QUERY: Final = 8_000
FORM: Final = "application/x-www-form-urlencoded"

_KNOWN: Final = json.loads(os.environ[KNOWN])
_IDS: Final[Mapping[str, Sequence[str | int]]] = _KNOWN["ids"]
_BRANDCLOUD: Final = "/user/company/"
_CONSUMERS: Final = ("/order/", "/transaction/")
_BRICKLINK: Final = "/api/store/v1/"


@schemathesis.hook
def filter_query(_context: HookContext, query: dict[str, Any] | None) -> bool:
    """API Gateway lets no request pass whose line and header fields are longer than 10 KB."""
    return len(urlencode(query or {}, doseq=True, errors="surrogatepass")) < LONGEST_QUERY


@schemathesis.hook
def before_call(context: HookContext, case: Case[Any], kwargs: dict[str, Any]) -> None:
    """Put in what is known where something right was drawn, and sign what is to be signed, as it
    will be sent."""
    path = _path(context)
    if case.path_parameters and _is_right(case, ParameterLocation.PATH):
        case.path_parameters = {
            name: _known(name, value, path) for name, value in case.path_parameters.items()
        }
    if isinstance(case.body, dict | list) and _is_right(case, ParameterLocation.BODY):
        filled = _body(case.body, path)
        if filled != case.body:
            case.body = filled
    if path.startswith(_BRICKLINK):
        kwargs["auth"] = OAuth1(*_KNOWN["bricklink"])


@schemathesis.hook
def filter_failure(
    context: HookContext, failure: Failure, case: Case[Any], response: Response
) -> bool:
    """What no JSON Schema can say: texts are measured without the blanks around them, and a field
    stands in a form once; two APIs refuse in the bodies of answers with status 200; and what we
    sign is signed, whatever credential was drawn."""
    is_signed = case.operation.path.startswith(_BRICKLINK)
    if isinstance(failure, AcceptedNegativeData):
        is_about_signing = is_signed and "Authorization" in failure.message
        return not (is_about_signing or _is_padded(case.body) or _is_refusal(response))
    if isinstance(failure, IgnoredAuth):
        return not is_signed
    if isinstance(failure, RejectedPositiveData):
        return not (case.media_type == FORM and _has_repeats(case.body))
    return True


def _is_right(case: Case[Any], location: ParameterLocation) -> bool:
    drawn = case.meta.components.get(location) if case.meta else None
    return drawn is None or drawn.mode.is_positive


def _body(body: Any, path: str) -> Any:
    filled = _filled(body, path)
    if path.startswith((_BRANDCLOUD, *_CONSUMERS)) and isinstance(filled, dict):
        key = filled.get("api_key")
        # What was drawn as no key at all is to be refused as it is.
        if isinstance(key, str) and key.strip():
            return {**filled, "api_key": _KNOWN["brandcloud"]}
    return filled


def _is_refusal(response: Response) -> bool:
    """Youhaosuda's ``{"code": 422, …}`` and BrickLink's ``{"meta": {"code": 400, …}, …}``."""
    try:
        body = response.json()
    except ValueError:
        return False
    code = body.get("meta", body).get("code") if isinstance(body, dict) else None
    return isinstance(code, int) and code >= HTTPStatus.BAD_REQUEST


def _has_repeats(body: Any) -> bool:
    return isinstance(body, Mapping) and any(
        isinstance(each, list | dict) for each in body.values()
    )


def _path(context: HookContext) -> str:
    return context.operation.path if context.operation else ""


def _filled(value: Any, path: str) -> Any:
    """``value`` with known ids in some of the places where one is asked for."""
    if isinstance(value, dict):
        return {name: _known(name, _filled(part, path), path) for name, part in value.items()}
    if isinstance(value, list):
        return [_filled(part, path) for part in value]
    return value


def _known(name: str, value: Any, path: str) -> Any:
    """In two places of three one that is known; what was drawn decides, so that it is the same
    every time."""
    known = _IDS.get(f"{path} {name}") or _IDS.get(name)
    drawn = crc32(repr(value).encode(errors="surrogatepass"))
    if not known or drawn % 3 == 0 or isinstance(value, dict | list):
        return value
    return known[drawn // 3 % len(known)]


def _is_padded(value: Any) -> bool:
    if isinstance(value, Mapping):
        return any(_is_padded(part) for part in value.values())
    if isinstance(value, list):
        return any(_is_padded(part) for part in value)
    return isinstance(value, str) and value != value.strip()
