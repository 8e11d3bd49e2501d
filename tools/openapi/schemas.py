"""JSON Schema of forms and answers, with what the code says of them.

A docstring below a field is its description, for forms and ``TypedDict``\\ s alike.
"""

import ast
import inspect
import re
from collections.abc import Mapping
from functools import cache
from itertools import pairwise
from textwrap import dedent
from typing import Any, Final, Literal

from pydantic import TypeAdapter
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import core_schema

Direction = Literal["validation", "serialization"]

REQUEST: Final = "validation"
ANSWER: Final = "serialization"

_OUR_PACKAGES: Final = ("orderhub.", "tools.")
_BREAK: Final = re.compile(r"(?<!\n)\n(?![\n*-])")
_ROLE: Final = re.compile(r":\w+:`[~.]?([^`]+)`")


class Schemas:
    """Schemas that share their definitions, which are named ``<prefix>.<class>``."""

    def __init__(self, prefix: str) -> None:
        self._prefix = prefix
        self._wanted: list[tuple[object, Direction]] = []
        self._made: Mapping[tuple[int, Direction], JsonSchemaValue] = {}

    def want(self, shape: object, direction: Direction) -> int:
        """The number under which :meth:`of` gives the schema of ``shape``, after :meth:`make`."""
        self._wanted.append((shape, direction))
        return len(self._wanted) - 1

    def make(self) -> dict[str, JsonSchemaValue]:
        """The definitions that all refer to, by name."""
        template = f"#/components/schemas/{self._prefix}.{{model}}"
        inputs: list[tuple[int, Direction, core_schema.CoreSchema]] = [
            (number, direction, TypeAdapter(shape).core_schema)
            for number, (shape, direction) in enumerate(self._wanted)
        ]
        made, definitions = _Generator(ref_template=template).generate_definitions(inputs)
        self._made = made
        named = {f"{self._prefix}.{_short(name)}": each for name, each in definitions.items()}
        if len(named) < len(definitions):
            raise ValueError(f"classes with one name: {sorted(definitions)}")
        return {name: _tidy(_enum_with_text(each)) for name, each in named.items()}

    def of(self, number: int) -> Any:
        return _tidy(self._made[number, self._wanted[number][1]])


class _Generator(GenerateJsonSchema):
    def decimal_schema(self, schema: core_schema.DecimalSchema) -> JsonSchemaValue:
        """The HTTP layer writes a ``Decimal`` as the number that it is."""
        if self.mode == ANSWER:
            return {"type": "number"}
        return super().decimal_schema(schema)

    def typed_dict_schema(self, schema: core_schema.TypedDictSchema) -> JsonSchemaValue:
        described = super().typed_dict_schema(schema)
        if self.mode == ANSWER:
            described["additionalProperties"] = False
        return _with_texts(described, schema["cls"])

    def model_schema(self, schema: core_schema.ModelSchema) -> JsonSchemaValue:
        return _with_texts(super().model_schema(schema), schema["cls"])


def _enum_with_text(described: JsonSchemaValue) -> JsonSchemaValue:
    """Pydantic itself describes an enum by its class's docstring, as it is written."""
    if "enum" in described and "description" in described:
        return {**described, "description": markdown(described["description"])}
    return described


def _with_texts(described: JsonSchemaValue, cls: type) -> JsonSchemaValue:
    text = inspect.cleandoc(cls.__doc__ or "")
    if text:
        described["description"] = markdown(text)
    for name, said in field_texts(cls).items():
        # A reference may stand beside a description, which goes before what it refers to.
        described["properties"][name]["description"] = said
    return described


@cache
def field_texts(cls: type) -> Mapping[str, str]:
    """What the docstrings below its fields say, and below those that it inherits."""
    texts: dict[str, str] = {}
    for base in getattr(cls, "__orig_bases__", cls.__bases__):
        if isinstance(base, type):
            texts |= field_texts(base)
    if not cls.__module__.startswith(_OUR_PACKAGES):
        return texts
    for statement, below in pairwise(_class_body(cls)):
        match statement, below:
            case (
                ast.AnnAssign(target=ast.Name(id=name)),
                ast.Expr(value=ast.Constant(value=str(text))),
            ):
                texts[name] = markdown(inspect.cleandoc(text))
    return texts


def _class_body(cls: type) -> list[ast.stmt]:
    """Empty for a ``TypedDict`` that a call made, which has names that no class statement has."""
    try:
        source = inspect.getsource(cls)
    except OSError:
        return []
    (defined,) = ast.parse(dedent(source)).body
    return defined.body if isinstance(defined, ast.ClassDef) else []


def markdown(text: str) -> str:
    """A docstring's reStructuredText, as far as we use it, each paragraph on one line."""
    return _BREAK.sub(" ", _ROLE.sub(r"`\1`", text).replace("``", "`"))


def without_nothing(schema: JsonSchemaValue) -> JsonSchemaValue:
    """For a query, which can't say ``null``."""
    choices = [each for each in map(_not_null, schema.get("anyOf", [])) if each]
    if not choices:
        return dict(schema)
    rest = {key: value for key, value in schema.items() if key != "anyOf"}
    return {**choices[0], **rest} if len(choices) == 1 else {**rest, "anyOf": choices}


def _not_null(schema: JsonSchemaValue) -> JsonSchemaValue | None:
    kinds = schema.get("type")
    if kinds == "null":
        return None
    if isinstance(kinds, list) and "null" in kinds:
        left = [kind for kind in kinds if kind != "null"]
        return {**schema, "type": left[0] if len(left) == 1 else left}
    return schema


def _reference(to: str) -> str:
    path, _, name = to.rpartition(".")
    return f"{path}.{_short(name)}"


def _short(name: str) -> str:
    """Where classes of several modules have one name, pydantic writes the modules before it. The
    core's are called so then."""
    modules, _, own = name.rpartition("__")
    return f"Core{own}" if modules.startswith("orderhub__domain") else own


def _tidy(schema: Any) -> Any:
    """Without titles, which only repeat names, and without defaults that say "none"."""
    if isinstance(schema, Mapping):
        return {
            key: _reference(value) if key == "$ref" else _tidy(value)
            for key, value in schema.items()
            if not (key == "title" and isinstance(value, str))
            and not (key == "default" and not value and value is not False)
        }
    if isinstance(schema, list):
        return [_tidy(each) for each in schema]
    return schema
