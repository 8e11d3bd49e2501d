"""Mail that functions send can be read back from the emulator, and from nowhere else."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from local import mail
from local.cloud import LocalCloud, free_port
from orderhub.adapters.ses import SesMailer
from orderhub.ports import Mail

SENDER = "orders@example.com"


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalCloud]:
    """An emulator without a stack: nothing here needs one."""
    home: Path = tmp_path_factory.mktemp("cloud")
    cloud = LocalCloud(home, free_port())
    cloud.start()
    yield cloud
    cloud.clean()


def test_what_was_sent_is_read_back_as_it_was_written(cloud: LocalCloud) -> None:
    mail.allow_sender(cloud, SENDER)
    mail.allow_sender(cloud, SENDER)
    mailer = SesMailer(cloud.client("sesv2"), SENDER)
    for to in ("a@example.com", "b@example.com"):
        mailer.send(Mail(to=to, subject="订单 Größe", text="https://pay.example.com/t/ü-1\n"))
    (message,) = mail.messages(cloud, "a@example.com")
    assert message == mail.Message(
        sender=SENDER,
        to=("a@example.com",),
        subject="订单 Größe",
        text="https://pay.example.com/t/ü-1\n",
    )


def test_a_copy_reaches_the_other_as_the_same_message(cloud: LocalCloud) -> None:
    mail.allow_sender(cloud, SENDER)
    mailer = SesMailer(cloud.client("sesv2"), SENDER)
    mailer.send(Mail(to="kim@example.com", subject="x", text="y", copy_to="me@example.com"))
    (message,) = mail.messages(cloud, "me@example.com")
    assert (message.to, message.copy_to) == (("kim@example.com",), ("me@example.com",))
    assert mail.messages(cloud, "kim@example.com") == [message]


def test_nobody_can_send_in_the_name_of_an_unverified_sender(cloud: LocalCloud) -> None:
    mailer = SesMailer(cloud.client("sesv2"), "somebody@elsewhere.example")
    with pytest.raises(RuntimeError, match="MessageRejected"):
        mailer.send(Mail(to="a@example.com", subject="x", text="y"))
