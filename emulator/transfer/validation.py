"""A request against AWS's own model of the API, as the installed botocore carries it.

Nothing of the model is retyped here: required members, types, enums, lengths, ranges and patterns
are read from it. The wording of the errors is AWS's.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from botocore.loaders import Loader
from botocore.model import ListShape, ServiceModel, Shape, StringShape, StructureShape

from emulator.transfer.errors import SerializationError, ValidationError

_PYTHON_TYPES: Mapping[str, type] = {
    "structure": dict,
    "list": list,
    "string": str,
    "integer": int,
    "long": int,
}
_NO_MEMBERS = StructureShape("Unit", {"type": "structure", "members": {}})
_JAVA_LINE_ENDS = "\\n\\r\u0085\u2028\u2029"
_SPACES = re.compile(r"([ \t])[ \t]+")
_REGEX_TOKEN = re.compile(r"\\.|\[(?:\\.|[^\]\\])*\]|\.", re.DOTALL)


@cache
def model() -> ServiceModel:
    """The Transfer API, from botocore's own data only: no model in ~/.aws may change it."""
    loader = Loader([Loader.BUILTIN_DATA_PATH], include_default_search_paths=False)
    return ServiceModel(loader.load_service_model("transfer", "service-2"), "transfer")


def checked(operation: str, body: object) -> dict[str, Any]:
    """The request as a dict without its nulls: AWS takes null for absent.

    Raises SerializationError for wrong JSON types, ValidationError for everything else.
    """
    shape = model().operation_model(operation).input_shape or _NO_MEMBERS
    request: dict[str, Any] = _typed(shape, body, "")
    broken = list(_broken(shape, request, ""))
    if broken:
        raise ValidationError(broken)
    return request


def _typed(shape: Shape, value: object, path: str) -> Any:
    expected = _PYTHON_TYPES[shape.type_name]
    if not isinstance(value, expected) or isinstance(value, bool):
        where = path or "request"
        raise SerializationError(f"'{where}' has the wrong JSON type - send a {shape.type_name}")
    if isinstance(shape, StructureShape) and isinstance(value, dict):
        return {
            name: _typed(shape.members[name], item, _member(path, name))
            if name in shape.members
            else item
            for name, item in value.items()
            if item is not None
        }
    if isinstance(shape, ListShape) and isinstance(value, list):
        return [
            _typed(shape.member, item, f"{path}.{index}.member")
            for index, item in enumerate(value, start=1)
        ]
    if isinstance(value, str) and not _encodable(value):
        raise SerializationError(f"'{path}' holds half a surrogate pair - send valid Unicode")
    return value


def _encodable(text: str) -> bool:
    return not any("\ud800" <= character <= "\udfff" for character in text)


def _broken(shape: Shape, value: Any, path: str) -> Iterator[str]:
    """One sentence for each constraint that `value` breaks, in the order of the model."""
    for constraint in _constraints(shape):
        if not constraint.holds(value):
            yield _sentence(path, constraint.text)
    if isinstance(shape, StructureShape):
        yield from _broken_members(shape, value, path)
    if isinstance(shape, ListShape):
        yield from _broken_items(shape.member, value, path)


def _broken_members(shape: StructureShape, value: dict[str, Any], path: str) -> Iterator[str]:
    for name in shape.required_members:
        if name not in value:
            yield _sentence(_member(path, name), "Member must not be null")
    for name, item in value.items():
        if name in shape.members:
            yield from _broken(shape.members[name], item, _member(path, name))
        else:
            yield _sentence(_member(path, name), "Member must be known to the API's model")


def _broken_items(member: Shape, items: list[Any], path: str) -> Iterator[str]:
    if isinstance(member, StructureShape):
        for index, item in enumerate(items, start=1):
            yield from _broken(member, item, f"{path}.{index}.member")
        return
    constraints = list(_constraints(member))
    if not all(constraint.holds(item) for constraint in constraints for item in items):
        texts = ", ".join(constraint.text for constraint in constraints)
        yield _sentence(path, f"Member must satisfy constraint: [{texts}]")


@dataclass(frozen=True)
class _Constraint:
    text: str
    holds: Callable[[Any], object]


@cache
def _constraints(shape: Shape) -> tuple[_Constraint, ...]:
    return (*_string_constraints(shape), *_size_constraints(shape))


def _string_constraints(shape: Shape) -> Iterator[_Constraint]:
    if not isinstance(shape, StringShape):
        return
    if shape.enum:
        values = frozenset(shape.enum)
        text = f"Member must satisfy enum value set: [{', '.join(shape.enum)}]"
        yield _Constraint(text, lambda value: value in values)
    if "pattern" in shape.metadata:
        source = str(shape.metadata["pattern"])
        matches = java_pattern(source).fullmatch
        longest = int(shape.metadata.get("max", 0))
        # A value that is too long is told so, and spared the pattern.
        yield _Constraint(
            f"Member must satisfy regular expression pattern: {source}",
            lambda value: (longest and len(value) > longest) or matches(_single_spaced(value)),
        )


def _single_spaced(value: str) -> str:
    """No pattern of the API counts spaces; 2,000 in a key body would keep Python busy for 20 s."""
    return _SPACES.sub(r"\1", value)


def _size_constraints(shape: Shape) -> Iterator[_Constraint]:
    number = shape.type_name in ("integer", "long")
    size: Callable[[Any], int] = int if number else len
    what = "value" if number else "length"
    if "max" in shape.metadata:
        most = int(shape.metadata["max"])
        text = f"Member must have {what} less than or equal to {most}"
        yield _Constraint(text, lambda value: size(value) <= most)
    if "min" in shape.metadata:
        least = int(shape.metadata["min"])
        text = f"Member must have {what} greater than or equal to {least}"
        yield _Constraint(text, lambda value: size(value) >= least)


def java_pattern(source: str) -> re.Pattern[str]:
    r"""The model's patterns are Java's: `\w`, `\d`, `\s` are ASCII, `.` stops at five line ends.

    To be used with `fullmatch`: AWS matches the whole value.
    """

    # A class of Java's that Python has not: printable ASCII, inside of brackets.
    source = source.replace(r"\p{Print}", " -~")

    def translated(token: re.Match[str]) -> str:
        return f"[^{_JAVA_LINE_ENDS}]" if token[0] == "." else token[0]

    return re.compile(_REGEX_TOKEN.sub(translated, source), re.ASCII)


def _member(path: str, name: str) -> str:
    camel = name[:1].lower() + name[1:]
    return f"{path}.{camel}" if path else camel


def _sentence(path: str, constraint: str) -> str:
    return f"Value at '{path}' failed to satisfy constraint: {constraint}"
