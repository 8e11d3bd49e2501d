"""``dataclasses.dataclass``, but each method of a frozen class is compiled when it is first called.

The standard library writes eight methods for each class and compiles them while the module is
imported: more than half a millisecond a class. There are two hundred classes here, and a cold
start needs one method of a dozen.
"""

import dataclasses
from collections.abc import Callable
from dataclasses import MISSING
from typing import TYPE_CHECKING, Any, Final, NoReturn

_COMPARING: Final = ("__eq__", "__hash__")
_PICKLING: Final = ("__getstate__", "__setstate__")
_WRITTEN: Final = ("__init__", "__repr__", *_PICKLING)


def _lazy_dataclass(
    *, frozen: bool = False, slots: bool = False, kw_only: bool = False, eq: bool = True
) -> Callable[[type[Any]], type[Any]]:
    """As the standard library has it. Only classes that are frozen and have slots are lazy."""
    if not (frozen and slots):
        return dataclasses.dataclass(frozen=frozen, slots=slots, kw_only=kw_only, eq=eq)
    with_fields_alone = dataclasses.dataclass(
        init=False, repr=False, eq=False, slots=True, kw_only=kw_only
    )
    written = (*_WRITTEN, *_COMPARING) if eq else _WRITTEN

    def decorate(cls: type[Any]) -> type[Any]:
        if cls.__doc__ is None:
            # The standard library would put the signature there, which takes longest of all.
            cls.__doc__ = cls.__name__
        made = with_fields_alone(cls)
        for name in written:
            if not _defines(cls, name):
                setattr(made, name, _compiling(made, name))
        for name, method in _FROZEN.items():
            setattr(made, name, method)
        return made

    return decorate


def _defines(cls: type[Any], name: str) -> bool:
    # A class that defines __eq__ is given None for __hash__ by Python itself.
    return cls.__dict__.get(name) is not None


def _compiling(cls: type[Any], name: str) -> Callable[..., Any]:
    """A method that puts the real one in its place, and calls that."""

    def method(self: object, *args: Any, **kwargs: Any) -> Any:
        compiled = _init_of(cls) if name == "__init__" else getattr(_twin(cls, name), name)
        setattr(cls, name, compiled)
        return compiled(self, *args, **kwargs)

    return method


def _init_of(cls: type[Any]) -> Callable[..., None]:
    """What the standard library would write. It can't be had of it without methods that assign and
    delete, and those take longer to compile."""
    known: dict[str, Any] = {"_set": object.__setattr__, "_MISSING": MISSING}
    positional, named, body = ["self"], ["*"], []
    for field in dataclasses.fields(cls):
        name = value = parameter = field.name
        if field.default is not MISSING:
            known[f"_default_{name}"] = field.default
            parameter = f"{name}=_default_{name}"
        elif field.default_factory is not MISSING:
            known[f"_make_{name}"] = field.default_factory
            parameter = f"{name}=_MISSING"
            value = f"_make_{name}() if {name} is _MISSING else {name}"
        if field.init:
            (named if field.kw_only else positional).append(parameter)
        else:
            body.append(f"  {parameter}")
        body.append(f"  _set(self, {name!r}, {value})")
    if hasattr(cls, "__post_init__"):
        body.append("  self.__post_init__()")
    parameters = ", ".join([*positional, *(named if len(named) > 1 else ())])
    exec("\n".join([f"def __init__({parameters}):", *(body or ["  pass"])]), known)  # noqa: S102
    compiled: Callable[..., None] = known["__init__"]
    compiled.__qualname__ = f"{cls.__qualname__}.__init__"
    return compiled


def _twin(cls: type[Any], name: str) -> type[Any]:
    """A class that the standard library makes of the fields of ``cls``, with the method ``name``
    and as few others as can be."""
    return dataclasses.make_dataclass(
        cls.__name__,
        [(field.name, field.type, field) for field in dataclasses.fields(cls)],
        namespace={"__doc__": cls.__doc__},
        init=False,
        repr=name == "__repr__",
        eq=name in _COMPARING,
        slots=name in _PICKLING,
        frozen=True,
    )


def _refuse_to_assign(_: object, name: str, __: object) -> NoReturn:
    raise dataclasses.FrozenInstanceError(f"cannot assign to field {name!r}")


def _refuse_to_delete(_: object, name: str) -> NoReturn:
    raise dataclasses.FrozenInstanceError(f"cannot delete field {name!r}")


_FROZEN: Final = {"__setattr__": _refuse_to_assign, "__delattr__": _refuse_to_delete}

if TYPE_CHECKING:
    from dataclasses import dataclass as dataclass
else:
    dataclass = _lazy_dataclass
