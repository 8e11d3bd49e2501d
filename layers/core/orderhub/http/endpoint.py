"""The one decorator around every operation: decode, authenticate, run, answer, log a line.

An operation is a function from a :class:`~orderhub.wire.contract.Request` and the use cases'
:class:`~orderhub.services.desk.Desk` to a :class:`~orderhub.wire.contract.Response`; whatever it
raises becomes its API's own error. The route itself lives in the template, so nothing here
dispatches.
"""

from collections.abc import Callable, Mapping
from typing import Any

from orderhub import bootstrap
from orderhub.domain.dataclass import dataclass
from orderhub.domain.details import Actor
from orderhub.domain.shop import Principal
from orderhub.services.desk import Desk
from orderhub.wire.contract import (
    BodyTooLarge,
    OpenRequest,
    Request,
    RequestError,
    Response,
    TokenWire,
    Wire,
)

from .answering import Handler, answering, header_fields, in_lambda
from .body import decode_body

Operation = Callable[[Request, Desk], Response]
OpenOperation = Callable[[OpenRequest, Desk], Response]


def endpoint(wire: TokenWire, scope: str) -> Callable[[Operation], Handler]:
    """Make an operation of ``wire`` a Lambda handler for API Gateway's HTTP API (payload 2.0).

    Callers need ``scope``. Every request leaves exactly one structured log line, without bodies,
    tokens or personal data.
    """

    def by_token(
        application: bootstrap.Application, received: "_Received", _event: Mapping[str, Any]
    ) -> Principal:
        try:
            token = wire.token(received.fields["headers"], received.fields["body"])
        except RequestError:
            if isinstance(received.problem, BodyTooLarge):
                # The credential may well stand in what was not read.
                raise received.problem from None
            raise
        return application.authenticator.authenticate(wire.name, token, scope)

    return _authenticated(wire, by_token)


def signed_endpoint(wire: Wire, scope: str) -> Callable[[Operation], Handler]:
    """Like :func:`endpoint`, for an API whose clients sign every request by OAuth 1.0.

    A signature stands for one request, so it is checked here and not by an authorizer of API
    Gateway, which sees no body and remembers its answers by header. The function needs what
    :class:`~orderhub.services.authenticate_signed.SignatureAuthenticator` does beside its own
    work: to read, to write nonces (``NONCE#…``), and to decrypt secrets for that purpose.
    """
    # Only functions whose requests are signed pay for what it imports.
    from .oauth1 import signed_request  # noqa: PLC0415

    def by_signature(
        application: bootstrap.Application, received: "_Received", event: Mapping[str, Any]
    ) -> Principal:
        fields = received.fields
        signed = signed_request(
            event, fields["headers"], base_url=fields["base_url"], max_bytes=wire.max_body_bytes
        )
        return application.signature_authenticator.authenticate(wire.name, signed, scope)

    if in_lambda():
        _ = bootstrap.application().signature_authenticator
    return _authenticated(wire, by_signature)


def open_endpoint(wire: Wire) -> Callable[[OpenOperation], Handler]:
    """Like :func:`endpoint`, for an operation that anybody may call: what its path or body holds
    is all the proof that it asks for."""

    def decorate(operation: OpenOperation) -> Handler:
        def answer(event: dict[str, Any], _line: dict[str, object]) -> Response:
            application = bootstrap.application()
            received = _received(application, wire, event)
            if received.problem:
                raise received.problem
            return operation(OpenRequest(**received.fields), application.desk)

        return _handler(wire, operation, answer)

    return decorate


def _authenticated(
    wire: Wire,
    identify: Callable[[bootstrap.Application, "_Received", Mapping[str, Any]], Principal],
) -> Callable[[Operation], Handler]:
    def decorate(operation: Operation) -> Handler:
        def answer(event: dict[str, Any], line: dict[str, object]) -> Response:
            application = bootstrap.application()
            received = _received(application, wire, event)
            principal = identify(application, received, event)
            line["shop_id"] = principal.shop.id
            line["credential_id"] = principal.credential_id
            if received.problem:
                raise received.problem
            request = Request(
                principal=principal,
                actor=Actor(wire.name, principal.credential_id, principal.label),
                **received.fields,
            )
            return operation(request, application.desk)

        return _handler(wire, operation, answer)

    return decorate


def _handler(
    wire: Wire,
    operation: Callable[..., Response],
    answer: Callable[[dict[str, Any], dict[str, object]], Response],
) -> Handler:
    if in_lambda():
        _warm_up(bootstrap.application())
    return answering(wire.name, operation, answer, wire.error)


def _warm_up(application: bootstrap.Application) -> None:
    _ = application.desk, application.authenticator


@dataclass(frozen=True, slots=True)
class _Received:
    """A request before anybody asked whose it is. ``problem`` is told only to callers who may be
    here at all."""

    fields: dict[str, Any]
    problem: RequestError | None


def _received(
    application: bootstrap.Application, wire: Wire, event: Mapping[str, Any]
) -> _Received:
    now = application.desk.clock.now()
    headers = header_fields(event)
    problem: RequestError | None = None
    body: object = None
    try:
        body = decode_body(
            event, headers, takes_forms=wire.takes_forms, max_bytes=wire.max_body_bytes
        )
    except RequestError as error:
        problem = error
    called = event.get("requestContext") or {}
    fields = {
        "now": now,
        "route": event.get("routeKey", ""),
        "path": event.get("pathParameters") or {},
        "query": event.get("queryStringParameters") or {},
        "headers": headers,
        "body": body,
        "base_url": application.settings.base_url(
            domain_name=called.get("domainName", ""), api_id=called.get("apiId", "")
        ),
    }
    return _Received(fields, problem)
