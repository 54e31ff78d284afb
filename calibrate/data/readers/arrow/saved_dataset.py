"""Folders as ``Dataset.save_to_disk`` of the library datasets writes them: streams of Arrow."""

from __future__ import annotations

import json
import re
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

from calibrate.data.readers.arrow.stream import Arrow, joined
from calibrate.errors import InputError
from calibrate.files import check_regular, read_text
from calibrate.text import brief, listed

SPLITS, STATE, INFO = "dataset_dict.json", "state.json", "dataset_info.json"
SAVER = "Dataset.save_to_disk"
FILE_NAME = re.compile(r"(?!\.)[^/\\:\0]+")  # without a folder


def opened(path: Path, name: str) -> AbstractContextManager[Arrow]:
    """The rows of all files of a folder.

    Raises:
        InputError: it holds several splits, or is damaged.
    """
    if (path / SPLITS).is_file() and not (path / STATE).is_file():
        splits = _object(path / SPLITS, f"{name}/{SPLITS}").get("splits")
        found = [str(each) for each in splits] if isinstance(splits, list) else []
        first = found[0] if found else "SPLIT"
        raise InputError(
            f"{name}: expected one dataset, found the splits {listed(found)}; name one as "
            f"{name}/{first}"
        )
    state = _object(path / STATE, f"{name}/{STATE}")
    if state.get("_indices_data_files") or state.get("_indices_files"):
        raise InputError(
            f"{name}: expected rows in the order of its files, found a selection of them; save it "
            f"again with {SAVER} of today's datasets"
        )
    held = state.get("_data_files")
    files = [
        _file_name(each, f"{name}/{STATE}") for each in (held if isinstance(held, list) else [])
    ]
    if not files:
        raise InputError(f"{name}/{STATE}: expected the names of files of rows, found none")
    for each in files:
        if not (path / each).exists():
            raise InputError(f"{name}/{each}: no such file, though {STATE} names it")
        check_regular(path / each, f"{name}/{each}")
    info = _object(path / INFO, f"{name}/{INFO}") if (path / INFO).is_file() else {}
    features = info.get("features")
    return joined(
        {path / each: f"{name}/{each}" for each in files},
        name,
        features if isinstance(features, dict) else None,
    )


def _file_name(entry: object, name: str) -> str:
    """The name of a file of rows, which is beside."""
    found = entry.get("filename") if isinstance(entry, dict) else None
    if not isinstance(found, str) or not FILE_NAME.fullmatch(found):
        raise InputError(
            f"{name}: expected names of files in the same folder, found {brief(found)}; save it "
            f"again with {SAVER}"
        )
    return found


def _object(path: Path, name: str) -> dict[str, Any]:
    """The object in a JSON file."""
    check_regular(path, name)
    try:
        found = json.loads(read_text(path))
    except InputError:
        raise
    except (ValueError, RecursionError) as error:
        raise InputError(
            f"{name}: expected JSON, found something else or a truncated file; save it again with "
            f"{SAVER}"
        ) from error
    if not isinstance(found, dict):
        raise InputError(f"{name}: expected a JSON object, found {brief(found)}")
    return found
