"""Results as JSON and back, by their types.

A dataclass is an object, a tuple a list, and what is undefined null. Reading back gives an equal
result, or names the place that does not fit.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import MISSING, Field, fields, is_dataclass
from enum import Enum
from math import isfinite
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, ClassVar, Protocol, TypeVar, Union, get_args, get_origin, get_type_hints

from calibrate.errors import InputError
from calibrate.files import json_text, read_json
from calibrate.text import brief, cut, listed
from calibrate.version import package_version


class Result(Protocol):
    """What JSON files hold: a frozen dataclass that says what it is, and what writes it."""

    schema: ClassVar[str]
    command: ClassVar[str]


R = TypeVar("R", bound=Result)

NOT_IN_JSON = {"json": False}  # metadata of a field that stays out
NOT_EMPTY = {"empty": False}  # of a tuple or an object that holds something


def encode(value: Any) -> Any:
    """Plain dictionaries, lists, numbers and texts; what no text can hold is escaped."""
    if isinstance(value, str) and not isinstance(value, Enum):
        return value.encode(errors="backslashreplace").decode()  # of names that are not UTF-8
    if hasattr(value, "of_text"):
        return str(value)
    if is_dataclass(value):
        return {f.name: encode(getattr(value, f.name)) for f in fields(value) if written(f)}
    if isinstance(value, dict):
        return {encode(key): encode(each) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [encode(each) for each in value]
    return value.value if isinstance(value, Enum) else value


def written(field: Field[Any]) -> bool:
    return field.metadata.get("json", True) is not False


def to_dict(result: Result) -> dict[str, Any]:
    """The whole content of a file."""
    return {"schema": result.schema, "version": package_version(), **encode(result)}


def to_json(result: Result) -> str:
    """The content of a file: indented JSON with full precision."""
    return json_text(to_dict(result))


def read_result(kind: type[R], path: str | Path) -> R:
    """The result of a type in a JSON file.

    Raises:
        InputError: the file is missing, of another kind, or a place in it does not fit.
    """
    what = f"{kind.schema.removeprefix('calibrate.').partition('/')[0]} file"
    content = read_json(path, what, kind.command)
    if content.get("schema") != kind.schema:
        raise InputError(
            f"{path}: expected a {what} (schema {kind.schema!r}), "
            f"found schema {brief(content.get('schema'))}"
        )
    found: R = decode(kind, content, str(path))
    return found


def decode(kind: Any, value: Any, where: str) -> Any:
    """A value of a type from what JSON gave.

    Raises:
        InputError: it does not fit; the message starts with the place, ``where`` and below.
    """
    origin = get_origin(kind) or kind
    if hasattr(origin, "of_text"):
        return _told(lambda: origin.of_text(decode(str, value, where)), where)
    if is_dataclass(origin):
        return _object(kind, origin, value, where)
    if origin in (Union, UnionType):
        return _one_of(get_args(kind), value, where)
    if origin is tuple:
        return _list(get_args(kind), value, where)
    if origin is dict:
        return _dictionary(get_args(kind)[1], value, where)
    if isinstance(origin, type) and issubclass(origin, Enum):
        names = [each.value for each in origin]
        return origin(value) if value in names else _refuse(where, " or ".join(names), value)
    return _plain(origin, value, where)


def _told(make: Callable[[], Any], where: str) -> Any:
    """What a constructor makes; where it refuses, with the place."""
    try:
        return make()
    except InputError as error:
        raise InputError(f"{where}: {error}") from error


def _refuse(where: str, expected: str, value: Any) -> Any:
    raise InputError(f"{where}: expected {expected}, found {brief(value)}")


def _object(kind: Any, origin: Any, value: Any, where: str) -> Any:
    if not isinstance(value, dict):
        _refuse(where, "a JSON object", value)
    hints, given = get_type_hints(origin), type_arguments(kind, origin)
    parts = {}
    for field in fields(origin):
        if field.name in value:
            hint = filled(hints[field.name], given)
            parts[field.name] = decode(hint, value[field.name], f"{where}.{field.name}")
            if not (field.metadata.get("empty", True) or parts[field.name]):
                _refuse(f"{where}.{field.name}", "at least one", value[field.name])
        elif field.default is MISSING and field.default_factory is MISSING:
            held = listed(map(repr, value), none="nothing")
            raise InputError(f"{where}: expected {field.name!r}, found {held}")
    return _told(lambda: origin(**parts), where)


def type_arguments(kind: Any, origin: Any) -> dict[Any, Any]:
    """What the type variables of a dataclass, and of those that it extends, stand for."""
    given = dict(zip(getattr(origin, "__parameters__", ()), get_args(kind), strict=False))
    for base in getattr(origin, "__orig_bases__", ()):
        of_base = getattr(get_origin(base), "__parameters__", ())
        given |= dict(zip(of_base, get_args(base), strict=False))
    return given


def filled(hint: Any, given: dict[Any, Any]) -> Any:
    """A type with its type variables filled in."""
    if isinstance(hint, TypeVar):
        return given[hint]
    variables = getattr(hint, "__parameters__", ())
    return hint[tuple(given[v] for v in variables)] if variables else hint


def _one_of(kinds: tuple[Any, ...], value: Any, where: str) -> Any:
    """The first kind that fits; where none does, what the likeliest says."""
    if value is None and NoneType in kinds:
        return None
    refused = []
    for kind in kinds:
        if kind is not NoneType:
            try:
                return decode(kind, value, where)
            except InputError as error:
                refused.append(error)
    raise max(refused, key=lambda error: len(str(error).split(":")[0]))  # it got furthest


def _list(kinds: tuple[Any, ...], value: Any, where: str) -> Any:
    if not isinstance(value, list):
        _refuse(where, "a list", value)
    if kinds[-1] is Ellipsis:
        kinds = kinds[:1] * len(value)
    if len(kinds) != len(value):
        _refuse(where, f"a list of {len(kinds)}", value)
    pairs = zip(kinds, value, strict=True)
    return tuple(decode(kind, each, f"{where}[{i}]") for i, (kind, each) in enumerate(pairs))


def _dictionary(kind: Any, value: Any, where: str) -> Any:
    if not isinstance(value, dict):
        _refuse(where, "a JSON object", value)
    return {key: decode(kind, each, f"{where}.{cut(key)}") for key, each in value.items()}


def _plain(kind: Any, value: Any, where: str) -> Any:
    """Numbers, texts, true and false; an integer may stand for a number."""
    if kind is Any:
        return value
    if kind is float:
        number = type(value) in (int, float) and abs(value) <= LARGEST and isfinite(value)
        return float(value) if number else _refuse(where, "a number", value)
    if type(value) is not kind or (kind is int and abs(value) > LARGEST_COUNT):
        names = {int: "a whole number", str: "a text", bool: "true or false"}
        _refuse(where, names.get(kind, kind.__name__), value)
    return value


LARGEST, LARGEST_COUNT = 1e300, 1 << 53
