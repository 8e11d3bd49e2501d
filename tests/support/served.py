"""A gateway in process, reached by HTTP on loopback: for programs that are clients of an API, when
deploying it would take longer than what they do."""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Thread

import httpx
from werkzeug.serving import WSGIRequestHandler, make_server
from werkzeug.wrappers import Request, Response

from tests.support.gateway import Gateway


class _Silent(WSGIRequestHandler):
    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Nothing: what functions log is read by tests."""


@contextmanager
def served(gateway: Gateway) -> Iterator[str]:
    """Serve it while this lasts; gives its URL, without a slash at its end."""

    @Request.application
    def answer(request: Request) -> Response:
        sent = request.environ["REQUEST_URI"]
        asked = httpx.Request(
            request.method,
            f"{request.host_url.rstrip('/')}{sent}",
            headers=list(request.headers.items()),
            content=request.get_data(),
        )
        given = gateway.handle_request(asked)
        headers = {k: v for k, v in given.headers.items() if k.lower() != "content-length"}
        return Response(given.content, given.status_code, headers)

    server = make_server("127.0.0.1", 0, answer, threaded=True, request_handler=_Silent)
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.port}"
    finally:
        server.shutdown()
        thread.join()
