"""The kinds of webhooks by name. Each is imported when it is first asked for."""

from orderhub.domain.subscription import SubscriptionKind

from .contract import WebhookKind


def kind_of(kind: SubscriptionKind) -> WebhookKind:
    """How webhooks of ``kind`` are made."""
    # Each brings what it shows orders by.
    if kind is SubscriptionKind.YOUHAOSUDA:
        from orderhub.wire.youhaosuda.webhooks import YOUHAOSUDA  # noqa: PLC0415

        return YOUHAOSUDA
    if kind is SubscriptionKind.SHOPLAZZA:
        from orderhub.wire.shoplazza.webhooks import SHOPLAZZA  # noqa: PLC0415

        return SHOPLAZZA
    from .standard import STANDARD  # noqa: PLC0415

    return STANDARD
