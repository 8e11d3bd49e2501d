"""Our dataclasses are the standard library's in everything but when their methods are compiled."""

import copy
import dataclasses
import pickle
from collections.abc import Callable, Mapping
from typing import Any, ClassVar

import pytest

from orderhub.domain.dataclass import dataclass as lazy


@lazy(frozen=True, slots=True, kw_only=True)
class Ours:
    """A thing."""

    KIND: ClassVar[str] = "thing"

    id: int
    names: tuple[str, ...] = ()
    facts: Mapping[str, int] = dataclasses.field(default_factory=dict)
    secret: str = dataclasses.field(default="", repr=False)


@lazy(frozen=True, slots=True)
class Short:
    left: int
    right: int = 7

    def __post_init__(self) -> None:
        if self.left > self.right:
            raise ValueError("the wrong way round")


@lazy(frozen=True, slots=True, kw_only=True)
class More(Ours):
    more: str = "more"


@lazy(frozen=True, slots=True)
class Remembering:
    id: int
    seen: list[int] = dataclasses.field(default_factory=list, init=False, repr=False)
    limit: int = dataclasses.field(default=3, init=False)


@lazy(frozen=True, slots=True)
class Nothing:
    pass


@lazy(frozen=True, slots=True, eq=False)
class Apart:
    id: int


@lazy(frozen=True, slots=True)
class Alike:  # noqa: PLW1641 - it is made
    id: int
    remark: str

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Alike) and other.id == self.id

    def __repr__(self) -> str:
        return "alike"


def test_instances_are_made_from_fields_and_their_defaults() -> None:
    made = Ours(id=3)
    assert (made.id, made.names, made.facts, made.secret) == (3, (), {}, "")
    assert Ours(id=3).facts is not made.facts
    assert (Short(1).right, Short(1, 2).right, Short(1, right=3).right) == (7, 2, 3)
    assert (More(id=1, names=("a",)).names, More(id=1).more) == (("a",), "more")


def test_what_is_no_parameter_has_its_default() -> None:
    made = Remembering(1)
    assert (made.seen, made.limit) == ([], 3)
    assert Remembering(2).seen is not made.seen
    make: Callable[..., object] = Remembering
    with pytest.raises(TypeError):
        make(1, seen=[])
    assert Nothing() == Nothing()


def test_whatever_is_called_first_works() -> None:
    def fresh() -> type[Any]:
        return lazy(frozen=True, slots=True)(type("Fresh", (), {"__annotations__": {"id": int}}))

    calls: list[Callable[[type[Any]], object]] = [
        lambda cls: cls(1).id,
        lambda cls: _without_init(cls, 1) == _without_init(cls, 1),
        lambda cls: hash(_without_init(cls, 1)) == hash((1,)),
        lambda cls: repr(_without_init(cls, 1)) == "Fresh(id=1)",
    ]
    assert [bool(call(fresh())) for call in calls] == [True] * len(calls)


def _without_init(cls: type[Any], id_: int) -> Any:
    """As decoders make instances."""
    made = object.__new__(cls)
    object.__setattr__(made, "id", id_)
    return made


def test_wrong_arguments_are_refused() -> None:
    make: Callable[..., object] = Ours
    for positional, named in (((), {}), ((), {"id": 1, "other": 2}), ((1,), {})):
        with pytest.raises(TypeError, match=r"Ours\.__init__\(\)"):
            make(*positional, **named)
    with pytest.raises(ValueError, match="the wrong way round"):
        Short(8)


def test_equal_are_those_of_one_class_with_equal_fields() -> None:
    assert Ours(id=1, names=("a",)) == Ours(id=1, names=("a",))
    assert Ours(id=1) != Ours(id=2)
    assert Ours(id=1) != More(id=1)
    assert Short(1).__eq__((1, 7)) is NotImplemented
    assert hash(Short(1)) == hash(Short(1, 7))
    assert len({Short(1), Short(1), Short(2)}) == 2
    assert Apart(1) != Apart(1)


def test_what_a_class_defines_itself_stays() -> None:
    assert Alike(1, "a") == Alike(1, "b")
    assert repr(Alike(1, "a")) == "alike"
    assert hash(Alike(1, "a")) == hash((1, "a"))


def test_nothing_can_be_assigned_or_deleted() -> None:
    made = Ours(id=1)
    for name in ("id", "unknown"):
        with pytest.raises(dataclasses.FrozenInstanceError):
            setattr(made, name, 2)
        with pytest.raises(dataclasses.FrozenInstanceError):
            delattr(made, name)
    assert not hasattr(made, "__dict__")


def test_what_is_not_to_be_shown_is_not_shown() -> None:
    assert repr(Ours(id=1, secret="s")) == "Ours(id=1, names=(), facts={})"


def test_copies_are_equal() -> None:
    made = More(id=1, facts={"a": 1})
    assert copy.copy(made) == copy.deepcopy(made) == pickle.loads(pickle.dumps(made)) == made  # noqa: S301
    assert dataclasses.replace(made, id=2) == More(id=2, facts={"a": 1})


def test_fields_are_known_without_any_method() -> None:
    assert [field.name for field in dataclasses.fields(More)] == [
        *("id", "names", "facts", "secret"),
        "more",
    ]
    assert dataclasses.asdict(Short(1)) == {"left": 1, "right": 7}
    assert Ours.__doc__ == "A thing."


def test_classes_that_change_are_the_standard_librarys_own() -> None:
    @lazy(slots=True)
    class Counter:
        count: int = 0

    counter = Counter()
    counter.count += 1
    assert counter == Counter(1)
