"""Every refusal there is has an answer of this API's own."""

import re

import pytest

from orderhub.domain.errors import Busy, InvalidField, OrderHubError, Reason, Refused, Unavailable
from orderhub.wire.contract import Problem, RequestError, Unprocessable
from orderhub.wire.marketplace import errors
from tests.support.table import ROOT

REASONS = [value for name, value in vars(Reason).items() if name.isupper()]


def reasons_in_the_code() -> set[str]:
    """Every reason that an ``InvalidField`` or a field type of the wires is given anywhere."""
    pattern = re.compile(r'(?:InvalidField\(\s*[^,()]+,\s*|problem\(|Problem\([^,]+,\s*)"(\w+)"')
    found: set[str] = set()
    for folder in (
        "domain",
        "wire/fields.py",
        "services/add_line.py",
        "services/record_payment.py",
    ):
        place = ROOT / "layers/core/orderhub" / folder
        for source in [place] if place.is_file() else place.rglob("*.py"):
            if source.name == "brought_in.py":
                continue  # no API brings in histories; the command line tells them in words
            found |= set(pattern.findall(source.read_text(encoding="utf-8")))
    return found


@pytest.mark.parametrize("reason", REASONS)
def test_every_reason_for_a_refusal_names_a_field(reason: str) -> None:
    answer = errors.render(Refused(reason))
    assert answer.status == 422
    assert isinstance(answer.body, dict)
    ((field, (message,)),) = answer.body["errors"].items()
    assert field
    assert message


def test_there_are_reasons_to_be_checked() -> None:
    assert {"blank", "too_long", "not_a_number", "wrong_currency"} <= reasons_in_the_code()


@pytest.mark.parametrize("reason", sorted(reasons_in_the_code()))
def test_every_reason_why_a_field_is_wrong_has_a_message(reason: str) -> None:
    answer = errors.render(InvalidField("note", reason))
    assert answer.status == 422
    assert isinstance(answer.body, dict)
    ((message,),) = answer.body["errors"].values()
    assert "{" not in message


def test_a_limit_is_told_where_it_is_known() -> None:
    answer = errors.render(Unprocessable(Problem("kind", "too_long", {"longest": 64})))
    assert isinstance(answer.body, dict)
    assert answer.body["errors"] == {"kind": ["is too long (maximum is 64 characters)"]}


@pytest.mark.parametrize("error", [Busy("b"), Unavailable("u")])
def test_what_may_be_tried_again_says_so(error: OrderHubError) -> None:
    answer = errors.render(error)
    assert (answer.status, answer.headers["retry-after"]) == (503, "1")


@pytest.mark.parametrize("error", [RuntimeError("secret"), KeyError("secret"), RequestError("x")])
def test_what_nobody_foresaw_is_an_opaque_500(error: Exception) -> None:
    answer = errors.render(error)
    assert (answer.status, answer.body) == (500, {"error": errors.INTERNAL})
