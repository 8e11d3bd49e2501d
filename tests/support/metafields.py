"""The promises of metafields' storage, to be inherited by a test class that has ``client`` and
``table_name`` fixtures over a table of the template's shape."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from threading import Thread
from typing import Any
from uuid import uuid4

import pytest

from orderhub.adapters.dynamodb.metafields import DynamoMetafields
from orderhub.domain import identity
from orderhub.domain.errors import InvalidField
from orderhub.domain.identity import MAX_ORDER_ID
from orderhub.domain.metafield import Metafield
from orderhub.ports import IdTaken, VersionConflict
from tests.support.fakes import NOON

OWNER = identity.order_id(NOON, 1)
EVERYTHING = {"after_id": 0, "before_id": MAX_ORDER_ID + 1}


class MetafieldsContract:
    @pytest.fixture
    def metafields(self, client: Any, table_name: str) -> DynamoMetafields:
        return DynamoMetafields(client, table_name)

    @pytest.fixture
    def make(self, metafields: DynamoMetafields) -> Callable[..., Metafield]:
        """Makes metafields, a second apart, in a shop of the test's own."""
        shop_id = f"shop-{uuid4().hex[:12]}"
        made: list[Metafield] = []

        def make(name: str, **changes: Any) -> Metafield:
            at = NOON + timedelta(seconds=len(made))
            metafield = Metafield(
                shop_id=shop_id,
                id=identity.order_id(at, len(made)),
                name=name,
                owner_resource="order",
                owner_id=OWNER,
                created_at=at,
                updated_at=at,
            )
            metafield = replace(metafield, **changes)
            metafields.add(metafield)
            made.append(metafield)
            return metafield

        return make

    def test_what_was_added_is_found_in_every_way(
        self, metafields: DynamoMetafields, make: Callable[..., Metafield]
    ) -> None:
        values = {"a": "梵", "b": 1, "c": 0.1, "d": True, "e": None, "f": "x" * 10_000}
        one = make("one", fields=values, description="说明")
        two, three = make("two", owner_id=OWNER + 1), make("three")
        shop_id = one.shop_id
        assert metafields.get(shop_id, one.id) == one
        found = metafields.get(shop_id, one.id)
        assert found
        assert found.fields["d"] is True
        assert metafields.get_many(shop_id, [three.id, 5, one.id, one.id]) == [one, three]
        assert metafields.of_owner(shop_id, "order", OWNER) == [one, three]
        assert metafields.of_owner(shop_id, "order", OWNER + 2) == []
        assert list(metafields.between(shop_id, **EVERYTHING)) == [one, two, three]
        between = {"after_id": one.id, "before_id": three.id}
        assert list(metafields.between(shop_id, **between)) == [two]
        assert metafields.count(shop_id, **EVERYTHING) == 3
        assert metafields.count(shop_id, **between) == 1
        nothing = {"after_id": one.id, "before_id": one.id + 1}
        assert list(metafields.between(shop_id, **nothing)) == []
        assert metafields.count(shop_id, **nothing) == 0

    def test_other_shops_see_nothing_of_it(
        self, metafields: DynamoMetafields, make: Callable[..., Metafield]
    ) -> None:
        one = make("one")
        for shop_id in (f"{one.shop_id}-2", one.shop_id[:-1]):
            assert metafields.get(shop_id, one.id) is None
            assert metafields.get_many(shop_id, [one.id]) == []
            assert metafields.of_owner(shop_id, "order", OWNER) == []
            assert list(metafields.between(shop_id, **EVERYTHING)) == []
            metafields.add(replace(one, shop_id=shop_id))
            metafields.remove(replace(one, shop_id=shop_id))
        assert metafields.get(one.shop_id, one.id) == one

    def test_a_name_is_taken_once_per_owner(
        self, metafields: DynamoMetafields, make: Callable[..., Metafield]
    ) -> None:
        one = make("one")
        with pytest.raises(InvalidField) as refused:
            make("one")
        assert (refused.value.field, refused.value.reason) == ("name", "taken")
        other = make("one", owner_id=OWNER + 1)
        with pytest.raises(InvalidField):
            metafields.replace(other, replace(other, owner_id=OWNER, version=2))
        assert list(metafields.between(one.shop_id, **EVERYTHING)) == [one, other]

    def test_an_id_is_taken_once(
        self, metafields: DynamoMetafields, make: Callable[..., Metafield]
    ) -> None:
        one = make("one")
        with pytest.raises(IdTaken):
            make("two", id=one.id)
        assert metafields.of_owner(one.shop_id, "order", OWNER) == [one]

    def test_a_new_name_frees_the_old_one(
        self, metafields: DynamoMetafields, make: Callable[..., Metafield]
    ) -> None:
        one = make("one")
        renamed = replace(one, name="two", version=2)
        metafields.replace(one, renamed)
        again = make("one")
        assert metafields.of_owner(one.shop_id, "order", OWNER) == [renamed, again]
        moved = replace(renamed, owner_id=OWNER + 1, version=3)
        metafields.replace(renamed, moved)
        assert metafields.of_owner(one.shop_id, "order", OWNER) == [again]
        assert metafields.of_owner(one.shop_id, "order", OWNER + 1) == [moved]

    def test_what_changed_since_it_was_read_is_not_overwritten(
        self, metafields: DynamoMetafields, make: Callable[..., Metafield]
    ) -> None:
        one = make("one")
        changed = replace(one, fields={"a": 1}, version=2)
        metafields.replace(one, changed)
        for later in (replace(one, fields={"b": 2}), replace(one, name="two")):
            with pytest.raises(VersionConflict):
                metafields.replace(one, replace(later, version=2))
        with pytest.raises(VersionConflict):
            metafields.remove(one)
        assert metafields.get(one.shop_id, one.id) == changed
        assert metafields.of_owner(one.shop_id, "order", OWNER) == [changed]

    def test_what_was_removed_is_gone_with_its_name(
        self, metafields: DynamoMetafields, make: Callable[..., Metafield]
    ) -> None:
        one = make("one")
        metafields.remove(one)
        assert metafields.get(one.shop_id, one.id) is None
        assert metafields.of_owner(one.shop_id, "order", OWNER) == []
        with pytest.raises(VersionConflict):
            metafields.remove(one)
        with pytest.raises(VersionConflict):
            metafields.replace(one, replace(one, version=2))
        make("one")

    def test_many_large_ones_are_read_page_by_page(
        self, metafields: DynamoMetafields, make: Callable[..., Metafield]
    ) -> None:
        # Unlike text that repeats itself, this can't be packed: a page of the table has 1 MB.
        made = [
            make(f"n{n}", fields={str(k): uuid4().hex * 30 for k in range(40)}) for n in range(60)
        ]
        shop_id = made[0].shop_id
        assert list(metafields.between(shop_id, **EVERYTHING)) == made
        assert metafields.count(shop_id, **EVERYTHING) == 60
        assert metafields.of_owner(shop_id, "order", OWNER) == made

    def test_of_many_at_once_one_gets_the_name(
        self, metafields: DynamoMetafields, make: Callable[..., Metafield]
    ) -> None:
        one = make("one")
        outcomes: list[str] = []

        def add(n: int) -> None:
            try:
                metafields.add(replace(one, id=one.id + n, name="two"))
            except Exception as error:  # noqa: BLE001 - told apart below
                outcomes.append(type(error).__name__)
            else:
                outcomes.append("added")

        threads = [Thread(target=add, args=(n,)) for n in range(1, 9)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert outcomes.count("added") == 1
        assert set(outcomes) <= {"added", "InvalidField", "Contention"}
        assert len(metafields.of_owner(one.shop_id, "order", OWNER)) == 2
