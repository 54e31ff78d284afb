"""The JSON Schema of a result, by its types: what ``encode`` writes and ``decode`` reads.

Reference: JSON Schema, draft 2020-12.
"""

from __future__ import annotations

import re
from dataclasses import MISSING, fields, is_dataclass
from enum import Enum
from inspect import cleandoc
from types import NoneType, UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

from calibrate.results.json import Result, filled, type_arguments, written

DRAFT = "https://json-schema.org/draft/2020-12/schema"
PLAIN: dict[Any, dict[str, Any]] = {
    Any: {},
    NoneType: {"type": "null"},
    bool: {"type": "boolean"},
    float: {"type": "number"},
    int: {"type": "integer"},
    str: {"type": "string"},
}
ENTRY = re.compile(r"^    (\w[\w, ]*): ", re.MULTILINE)


def json_schema(kind: type[Result]) -> dict[str, Any]:
    """The schema of the files of a result, with what docstrings say of its fields.

    Fields without a default are required: files of earlier versions lack some of the others.
    """
    definitions: dict[str, Any] = {}
    result = _object(kind, kind, definitions)
    result["properties"] = {
        "schema": {"const": kind.schema},
        "version": {"type": "string", "description": "of calibrate, which wrote the file"},
        **result["properties"],
    }
    result["required"] = ["schema", "version", *result["required"]]
    return {"$schema": DRAFT, **result, "$defs": dict(sorted(definitions.items()))}


def _schema(kind: Any, definitions: dict[str, Any]) -> dict[str, Any]:
    """That of a type; dataclasses become ``definitions`` that are referred to."""
    origin, given = get_origin(kind) or kind, get_args(kind)
    if hasattr(origin, "of_text"):
        return {"type": "string"}
    if is_dataclass(origin):
        name = _name(kind)
        if name not in definitions:
            definitions[name] = {}  # one that holds itself ends here
            definitions[name] = _object(kind, origin, definitions)
        return {"$ref": f"#/$defs/{name}"}
    if origin in (Union, UnionType):
        return {"anyOf": [_schema(each, definitions) for each in given]}
    if origin is tuple:
        return _list(given, definitions)
    if origin is dict:
        return {"type": "object", "additionalProperties": _schema(given[1], definitions)}
    if isinstance(origin, type) and issubclass(origin, Enum):
        return {"enum": [each.value for each in origin]}
    return dict(PLAIN[origin])


def _list(kinds: tuple[Any, ...], definitions: dict[str, Any]) -> dict[str, Any]:
    if kinds[-1] is Ellipsis:
        return {"type": "array", "items": _schema(kinds[0], definitions)}
    each = [_schema(kind, definitions) for kind in kinds]
    return {"type": "array", "prefixItems": each, "items": False, "minItems": len(each)}


def _object(kind: Any, origin: Any, definitions: dict[str, Any]) -> dict[str, Any]:
    hints, given = get_type_hints(origin), type_arguments(kind, origin)
    said, properties, required = _said(origin), {}, []
    for field in fields(origin):
        if not written(field):
            continue
        of_field = _schema(filled(hints[field.name], given), definitions)
        if field.name in said:
            of_field["description"] = said[field.name]
        properties[field.name] = of_field
        if field.default is MISSING and field.default_factory is MISSING:
            required.append(field.name)
    about = _plain(cleandoc(origin.__doc__ or "").split("\n\n")[0])
    found = {"type": "object", "properties": properties, "required": required}
    return {"description": about, **found}


def _name(kind: Any) -> str:
    """``Sides of Tests``, in letters, digits and underscores."""
    name = getattr(get_origin(kind) or kind, "__name__", str(kind))
    if kind is Ellipsis:
        return ""
    return "_".join([name, *filter(None, map(_name, get_args(kind)))])


def _said(origin: Any) -> dict[str, str]:
    """What the docstring of a dataclass says of its fields, under ``Attributes:``."""
    _, _, entries = cleandoc(origin.__doc__ or "").partition("Attributes:\n")
    parts = ENTRY.split(entries)
    pairs = zip(parts[1::2], parts[2::2], strict=True)
    return {name: _plain(text) for names, text in pairs for name in names.split(", ")}


def _plain(text: str) -> str:
    """On one line, without the marks of code."""
    return " ".join(text.replace("``", "").split())
