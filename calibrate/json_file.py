"""Read the JSON files that this package writes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from calibrate.errors import InputError


def read_json(path: str | Path, what: str, command: str, remedy: str) -> dict[str, Any]:
    """The object in a JSON file.

    Args:
        what: the kind of file, for messages, as in ``calibrator file``.
        command: what writes such a file.
        remedy: what to do about a damaged one.

    Raises:
        InputError: there is no such file, or it does not hold a JSON object.
    """
    if not str(path):
        raise InputError(f"expected the name of a {what}, got an empty one")
    try:
        content = json.loads(Path(path).read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise InputError(f"{path}: no such {what}; `{command}` writes one") from error
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror}") from error
    except (ValueError, RecursionError) as error:  # not UTF-8, or not JSON
        raise InputError(
            f"{path}: expected a {what} in JSON, found something else or a truncated file; {remedy}"
        ) from error
    if not isinstance(content, dict):
        raise InputError(f"{path}: expected a {what}, found a JSON {type(content).__name__}")
    return content
