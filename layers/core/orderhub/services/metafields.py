"""Fields that other systems keep beside orders: make, find, change and remove them."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import field, replace
from datetime import datetime
from itertools import islice
from typing import Final

from orderhub.domain import identity
from orderhub.domain.dataclass import dataclass
from orderhub.domain.errors import Busy, InvalidField, NotFound
from orderhub.domain.identity import MAX_ORDER_ID
from orderhub.domain.metafield import ORDER, FieldValue, Metafield, require_sane
from orderhub.ports import Contention, IdTaken

from .desk import MAX_ATTEMPTS, MAX_SECONDS, Desk

METAFIELD: Final = "metafield"
"""What :class:`NotFound` calls one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewMetafield:
    name: str
    owner_resource: str
    owner_id: int
    fields: Mapping[str, FieldValue] = field(default_factory=dict)
    description: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class MetafieldQuery:
    """What the metafields looked for have in common. All bounds are inclusive but ``since_id``,
    which the ids exceed; times have a zone."""

    since_id: int = 0
    ids: tuple[int, ...] | None = None
    name: str = ""
    owner_resource: str = ""
    owner_id: int | None = None
    created_from: datetime | None = None
    created_until: datetime | None = None
    updated_from: datetime | None = None
    updated_until: datetime | None = None

    @property
    def after_id(self) -> int:
        """All ids are greater."""
        first = identity.first_order_id(self.created_from) if self.created_from else 0
        return max(0, min(MAX_ORDER_ID, max(self.since_id, first - 1)))

    @property
    def before_id(self) -> int:
        """All ids are smaller."""
        last = identity.last_order_id(self.created_until) if self.created_until else MAX_ORDER_ID
        return min(MAX_ORDER_ID, last) + 1

    @property
    def is_by_position(self) -> bool:
        """Whether nothing but the metafield's place in time matters, to the millisecond."""
        return self == MetafieldQuery(since_id=self.since_id)

    def fits(self, found: Metafield) -> bool:
        return (
            self.after_id < found.id < self.before_id
            and (self.ids is None or found.id in self.ids)
            and (not self.name or found.name == self.name)
            and (not self.owner_resource or found.owner_resource == self.owner_resource)
            and (self.owner_id is None or found.owner_id == self.owner_id)
            and (self.created_from is None or found.created_at >= self.created_from)
            and (self.created_until is None or found.created_at <= self.created_until)
            and (self.updated_from is None or found.updated_at >= self.updated_from)
            and (self.updated_until is None or found.updated_at <= self.updated_until)
        )


def create_metafield(desk: Desk, shop_id: str, wanted: NewMetafield) -> Metafield:
    """Make a metafield of one of the shop's orders: one read and one write.

    Raises :class:`InvalidField`: ``name`` is ``taken`` when the owner has one of that name,
    ``owner_id`` is ``unknown`` when the shop has no such order.
    """
    for _ in range(MAX_ATTEMPTS):
        now = desk.clock.now()
        made = Metafield(
            shop_id=shop_id,
            id=identity.order_id(now, desk.entropy.order_id_tail()),
            name=wanted.name,
            owner_resource=wanted.owner_resource,
            owner_id=wanted.owner_id,
            fields=wanted.fields,
            description=wanted.description,
            created_at=now,
            updated_at=now,
        )
        _require_owner(desk, require_sane(made))
        try:
            desk.metafields.add(made)
        except (IdTaken, Contention):
            continue
        return made
    raise Busy("others made metafields each time; nothing was changed, try again")


def find_metafield(desk: Desk, shop_id: str, metafield_id: int) -> Metafield:
    """The metafield with this id. Raises :class:`NotFound`."""
    found = desk.metafields.get(shop_id, metafield_id)
    if found is None:
        raise NotFound(METAFIELD, metafield_id)
    return found


def change_metafield(
    desk: Desk, shop_id: str, metafield_id: int, revise: Callable[[Metafield], Metafield]
) -> Metafield:
    """Replace a metafield by what ``revise`` makes of it. What comes out as it was is not written.

    Raises :class:`NotFound`, and :class:`InvalidField` as :func:`create_metafield` does.
    """
    started = desk.clock.monotonic()
    for attempt in range(MAX_ATTEMPTS):
        before = find_metafield(desk, shop_id, metafield_id)
        revised = revise(before)
        if revised == before:
            return before
        after = replace(revised, updated_at=desk.clock.now(), version=before.version + 1)
        require_sane(after)
        if after.owner_id != before.owner_id:
            _require_owner(desk, after)
        try:
            desk.metafields.replace(before, after)
        except Contention:
            if desk.clock.monotonic() - started > MAX_SECONDS:
                break
            desk.pause(attempt)
        else:
            return after
    raise Busy("others changed this metafield each time; nothing was changed, try again")


def remove_metafield(desk: Desk, shop_id: str, metafield_id: int) -> Metafield:
    """Remove a metafield for good, and return what it was. Raises :class:`NotFound`."""
    started = desk.clock.monotonic()
    for attempt in range(MAX_ATTEMPTS):
        found = find_metafield(desk, shop_id, metafield_id)
        try:
            desk.metafields.remove(found)
        except Contention:
            if desk.clock.monotonic() - started > MAX_SECONDS:
                break
            desk.pause(attempt)
        else:
            return found
    raise Busy("others changed this metafield each time; nothing was changed, try again")


def search_metafields(
    desk: Desk, shop_id: str, query: MetafieldQuery, *, offset: int, limit: int
) -> list[Metafield]:
    """The metafields that fit, by id, after the first ``offset`` of them and ``limit`` at most."""
    return list(islice(_fitting(desk, shop_id, query), offset, offset + limit))


def count_metafields(desk: Desk, shop_id: str, query: MetafieldQuery) -> int:
    """How many metafields fit."""
    if query.is_by_position:
        return desk.metafields.count(shop_id, after_id=query.after_id, before_id=query.before_id)
    return sum(1 for _ in _fitting(desk, shop_id, query))


def _fitting(desk: Desk, shop_id: str, query: MetafieldQuery) -> Iterator[Metafield]:
    return filter(query.fits, _candidates(desk, shop_id, query))


def _candidates(desk: Desk, shop_id: str, query: MetafieldQuery) -> Iterator[Metafield]:
    """What the narrowest way yields, by id: an owner's few, those named, or all within bounds."""
    if query.owner_resource not in ("", ORDER):
        return iter(())
    if query.owner_id is not None:
        return iter(desk.metafields.of_owner(shop_id, ORDER, query.owner_id))
    if query.ids is not None:
        wanted = [i for i in query.ids if 0 < i <= MAX_ORDER_ID]
        return iter(desk.metafields.get_many(shop_id, wanted))
    return desk.metafields.between(shop_id, after_id=query.after_id, before_id=query.before_id)


def _require_owner(desk: Desk, metafield: Metafield) -> None:
    owner_id = metafield.owner_id
    if not 0 < owner_id <= MAX_ORDER_ID or desk.orders.get(metafield.shop_id, owner_id) is None:
        raise InvalidField("owner_id", "unknown")
