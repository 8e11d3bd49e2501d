"""Metafields over fakes: what is read, decided and written, and what happens in a race."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from orderhub.domain import identity
from orderhub.domain.errors import Busy, InvalidField, NotFound
from orderhub.domain.metafield import (
    LARGEST_FIELDS,
    LONGEST_DESCRIPTION,
    LONGEST_KEY,
    LONGEST_NAME,
    MAX_FIELDS,
    FieldValue,
    Metafield,
    require_sane,
)
from orderhub.domain.order import Order
from orderhub.ports import Contention
from orderhub.services.desk import MAX_ATTEMPTS
from orderhub.services.metafields import (
    MetafieldQuery,
    NewMetafield,
    change_metafield,
    count_metafields,
    create_metafield,
    find_metafield,
    remove_metafield,
    search_metafields,
)
from tests.support.fakes import NOON, FakeDesk, FakeEntropy
from tests.support.orders import placed

SHOP = "demo"


class Office(FakeDesk):
    """A desk with one order, and the shorthands of these tests."""

    def __init__(self) -> None:
        super().__init__()
        self.order: Order = self.place(1)

    def place(self, tail: int, shop: str = SHOP) -> Order:
        change = placed(shop, tail=tail)
        self.orders.commit(change)
        return change.order

    def create(self, name: str = "erp", **fields: FieldValue) -> Metafield:
        wanted = NewMetafield(
            name=name, owner_resource="order", owner_id=self.order.id, fields=fields
        )
        made = create_metafield(self.desk, SHOP, wanted)
        self.clock.advance(1)
        return made

    def ids(self, **query: Any) -> list[int]:
        asked = MetafieldQuery(**query)
        found = search_metafields(self.desk, SHOP, asked, offset=0, limit=1000)
        assert count_metafields(self.desk, SHOP, asked) == len(found)
        return [metafield.id for metafield in found]


def with_field(key: str, value: FieldValue) -> Any:
    return lambda metafield: replace(metafield, fields={**metafield.fields, key: value})


@pytest.fixture
def office() -> Office:
    return Office()


def test_ids_hold_the_time_and_so_sort_by_it(office: Office) -> None:
    first, second = office.create("a"), office.create("b")
    assert first.id < second.id
    assert identity.created_at(first.id) == first.created_at == NOON
    assert office.ids() == [first.id, second.id]


def test_an_id_that_another_drew_in_the_same_millisecond_is_drawn_again(office: Office) -> None:
    office.entropy = FakeEntropy(tails=[7, 7, 8])
    desk = replace(office.desk, entropy=office.entropy)
    wanted = NewMetafield(name="a", owner_resource="order", owner_id=office.order.id)
    first = create_metafield(desk, SHOP, wanted)
    second = create_metafield(desk, SHOP, replace(wanted, name="b"))
    assert (first.id & 0xFFF, second.id & 0xFFF) == (7, 8)


def test_others_that_make_metafields_meanwhile_do_not_keep_one_from_being_made(
    office: Office,
) -> None:
    def contend() -> None:
        raise Contention

    office.metafields.meanwhile = [contend] * 3
    assert office.create().name == "erp"
    office.metafields.meanwhile = [contend] * MAX_ATTEMPTS
    with pytest.raises(Busy):
        office.create("b")


def test_an_owner_must_be_an_order_of_the_same_shop(office: Office) -> None:
    stranger = office.place(2, shop="other")
    for owner_id in (stranger.id, 0, -1, 12345, 2**60):
        wanted = NewMetafield(name="a", owner_resource="order", owner_id=owner_id)
        with pytest.raises(InvalidField) as refused:
            create_metafield(office.desk, SHOP, wanted)
        assert (refused.value.field, refused.value.reason) == ("owner_id", "unknown")
    assert office.ids() == []


def test_changes_at_once_all_count(office: Office) -> None:
    made = office.create(a=1)
    office.metafields.meanwhile = [
        lambda: change_metafield(office.desk, SHOP, made.id, with_field("b", 2)),
    ]
    changed = change_metafield(office.desk, SHOP, made.id, with_field("c", 3))
    assert changed.fields == {"a": 1, "b": 2, "c": 3}
    assert changed.version == 3
    assert find_metafield(office.desk, SHOP, made.id) == changed


def test_a_change_of_nothing_writes_nothing(office: Office) -> None:
    made = office.create(a=1)
    assert change_metafield(office.desk, SHOP, made.id, with_field("a", 1)) == made


def test_a_metafield_that_others_change_all_the_time_is_busy(office: Office) -> None:
    made = office.create()

    def contend() -> None:
        raise Contention

    office.metafields.meanwhile = [contend] * MAX_ATTEMPTS
    with pytest.raises(Busy):
        change_metafield(office.desk, SHOP, made.id, with_field("a", 1))
    office.metafields.meanwhile = [contend] * MAX_ATTEMPTS
    with pytest.raises(Busy):
        remove_metafield(office.desk, SHOP, made.id)
    assert find_metafield(office.desk, SHOP, made.id) == made


def test_what_was_changed_before_it_was_removed_is_removed(office: Office) -> None:
    made = office.create()
    office.metafields.meanwhile = [
        lambda: change_metafield(office.desk, SHOP, made.id, with_field("a", 1)),
    ]
    assert remove_metafield(office.desk, SHOP, made.id).fields == {"a": 1}
    with pytest.raises(NotFound):
        find_metafield(office.desk, SHOP, made.id)


def test_what_was_removed_can_not_be_changed_or_removed(office: Office) -> None:
    made = office.create()
    remove_metafield(office.desk, SHOP, made.id)
    with pytest.raises(NotFound):
        remove_metafield(office.desk, SHOP, made.id)
    with pytest.raises(NotFound):
        change_metafield(office.desk, SHOP, made.id, with_field("a", 1))


def test_bounds_on_times_are_inclusive(office: Office) -> None:
    first, second = office.create("a"), office.create("b")
    change_metafield(office.desk, SHOP, first.id, with_field("a", 1))
    before, after = second.created_at - timedelta(microseconds=1), second.created_at
    assert office.ids(created_from=after) == [second.id]
    assert office.ids(created_from=before) == [second.id]
    assert office.ids(created_from=after + timedelta(microseconds=1)) == []
    assert office.ids(created_until=after) == [first.id, second.id]
    assert office.ids(created_until=before) == [first.id]
    assert office.ids(updated_from=after) == [first.id, second.id]
    assert office.ids(updated_until=after) == [second.id]


METAFIELD = Metafield(
    shop_id=SHOP,
    id=1,
    name="a",
    owner_resource="order",
    owner_id=1,
    created_at=NOON,
    updated_at=NOON,
)

AT_THE_LIMIT: list[Mapping[str, Any]] = [
    {"name": "a" * LONGEST_NAME},
    {"name": "-_09az"},
    {"description": "说" * LONGEST_DESCRIPTION},
    {"description": "two\nlines"},
    {"fields": {"k" * LONGEST_KEY: None}},
    {"fields": {str(n): n for n in range(MAX_FIELDS)}},
    {"fields": {"a": "x" * (LARGEST_FIELDS - len('{"a": ""}'))}},
    {"fields": {"a": 2**53 - 1, "b": 1 - 2**53, "c": 0.5, "d": True}},
]

BEYOND_IT: list[tuple[Mapping[str, Any], str, str]] = [
    ({"name": ""}, "name", "blank"),
    ({"name": "a" * (LONGEST_NAME + 1)}, "name", "too_long"),
    ({"name": "A"}, "name", "invalid"),
    ({"name": "a\n"}, "name", "invalid"),
    ({"name": "ä"}, "name", "invalid"),
    ({"owner_resource": "shop"}, "owner_resource", "not_listed"),
    ({"description": "说" * (LONGEST_DESCRIPTION + 1)}, "description", "too_long"),
    ({"description": "\x00"}, "description", "invalid"),
    ({"fields": {"k" * (LONGEST_KEY + 1): None}}, "fields", "invalid"),
    ({"fields": {"": None}}, "fields", "invalid"),
    ({"fields": {str(n): n for n in range(MAX_FIELDS + 1)}}, "fields", "too_long"),
    ({"fields": {"a": "x" * LARGEST_FIELDS}}, "fields", "too_long"),
    ({"fields": {"a": 2**53}}, "fields", "out_of_range"),
    ({"fields": {"a": float("inf")}}, "fields", "out_of_range"),
    ({"fields": {"a": float("nan")}}, "fields", "out_of_range"),
]


@pytest.mark.parametrize("changes", AT_THE_LIMIT)
def test_what_is_at_a_limit_is_taken(changes: dict[str, Any]) -> None:
    metafield = replace(METAFIELD, **changes)
    assert require_sane(metafield) is metafield


@pytest.mark.parametrize(("changes", "field", "reason"), BEYOND_IT)
def test_what_is_beyond_a_limit_is_named(changes: dict[str, Any], field: str, reason: str) -> None:
    with pytest.raises(InvalidField) as refused:
        require_sane(replace(METAFIELD, **changes))
    assert (refused.value.field, refused.value.reason) == (field, reason)
