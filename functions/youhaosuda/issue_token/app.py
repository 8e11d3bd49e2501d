"""POST /oauth2/token: an app trades its key and secret for its token."""

from orderhub.bootstrap import application
from orderhub.http.endpoint import open_endpoint
from orderhub.services.desk import Desk
from orderhub.services.issue_app import grant_token
from orderhub.wire.contract import OpenRequest, Response
from orderhub.wire.youhaosuda import inbound, outbound
from orderhub.wire.youhaosuda.api import TOKENS


@open_endpoint(TOKENS)
def handler(request: OpenRequest, desk: Desk) -> Response:
    key, secret = inbound.client(request)
    granted = grant_token(application().shops, desk.clock, TOKENS.name, key, secret)
    return outbound.token(granted)
