"""What the environment tells the functions."""

import pytest

from orderhub import settings


@pytest.mark.parametrize(
    ("text", "networks"),
    [
        ("", ()),
        ("none", ()),
        ("127.0.0.0/8", ("127.0.0.0/8",)),
        ("10.1.0.0/16 fd12::/48", ("10.1.0.0/16", "fd12::/48")),
        ("10.1.0.0/16, fd12::/48,", ("10.1.0.0/16", "fd12::/48")),
    ],
)
def test_networks_stand_between_spaces_or_commas(
    text: str, networks: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TABLE_NAME", "orders")
    monkeypatch.setenv("WEBHOOK_PRIVATE_NETWORKS", text)
    assert settings.from_environment().webhook_networks == networks


def test_without_a_word_of_networks_webhooks_go_to_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TABLE_NAME", "orders")
    monkeypatch.delenv("WEBHOOK_PRIVATE_NETWORKS", raising=False)
    assert settings.from_environment().webhook_networks == ()
