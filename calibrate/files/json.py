"""JSON files."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from calibrate.errors import InputError
from calibrate.files.inputs import read_text
from calibrate.files.writing import write_bytes


def write_json(path: str | Path, content: dict[str, Any]) -> None:
    """Write an object as indented JSON with full precision, whole or not at all."""
    write_bytes(path, json_text(content).encode())


def json_text(content: dict[str, Any]) -> str:
    """Indented JSON with full precision; a list of nothing but numbers stands on one line."""
    return _indented(content, "\n") + "\n"


def _indented(value: Any, newline: str) -> str:
    inner = f"{newline} "
    if isinstance(value, dict) and value:
        items = (f"{json.dumps(str(k))}: {_indented(v, inner)}" for k, v in value.items())
        return f"{{{inner}{f',{inner}'.join(items)}{newline}}}"
    if isinstance(value, list) and any(isinstance(each, (dict, list, str)) for each in value):
        return f"[{inner}{f',{inner}'.join(_indented(v, inner) for v in value)}{newline}]"
    return json.dumps(value, allow_nan=False)


def read_json(path: str | Path, what: str, command: str) -> dict[str, Any]:
    """The object in a JSON file.

    Args:
        what: the kind of file, for messages, as in ``calibrator file``.
        command: what writes such a file.

    Raises:
        InputError: there is no such file, or it does not hold a JSON object.
    """
    if not str(path):
        raise InputError(f"expected the name of a {what}, got an empty one")
    try:
        content = json.loads(read_text(path))
    except FileNotFoundError as error:
        raise InputError(f"{path}: no such {what}; `{command}` writes one") from error
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror}") from error
    except InputError:  # a ValueError too
        raise
    except (ValueError, RecursionError) as error:  # not UTF-8, or not JSON
        where = ""
        if isinstance(error, json.JSONDecodeError):
            where = f" (line {error.lineno}, column {error.colno}: {error.msg})"
        raise InputError(
            f"{path}: expected a {what} in JSON, found something else or a truncated file"
            f"{where}; write it again with `{command}`"
        ) from error
    if not isinstance(content, dict):
        raise InputError(f"{path}: expected a {what}, found a JSON {type(content).__name__}")
    return content
