"""The .json and .jsonl formats: an object per row, and the samples of lm-evaluation-harness."""

from __future__ import annotations

import codecs
import json
import re
import sys
from collections.abc import Iterator
from dataclasses import replace
from importlib import import_module
from importlib.util import find_spec
from itertools import chain, islice
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from calibrate.arrays import AnyArray, Float64
from calibrate.data.column import Column
from calibrate.data.decoded import decoded, decoded_texts
from calibrate.data.readers.csv import BLOCK, BOM, MOST_LINE, is_number, opened
from calibrate.data.readers.registry import Format, Request
from calibrate.data.readers.table import SCORES, label_key, nearest
from calibrate.errors import InputError
from calibrate.files import once, parsed
from calibrate.text import brief

FORMATS = (Format((".json", ".jsonl"), words="JSON objects", table=True),)

# Where it is installed: several times as fast.
orjson: Any = import_module("orjson") if find_spec("orjson") is not None else None

CHOICES = ("filtered_resps", "resps")  # of the harness: the first is what its metrics were made of
BETWEEN = re.compile(r"[\s,]*")
AT_ONCE = 1 << 16  # numbers that are turned into an array at once

Row = tuple[str, dict[str, Any]]  # where it stands, and what


def keys(path: Path, request: Request) -> list[str]:
    """``logits`` and ``labels``, as far as they are there, and the keys of the first object."""
    held = _first(path, request)
    found = [] if _scores_key(held) is None else ["logits"]
    labels = label_key(held, request.label_column, request.file)
    return list(dict.fromkeys([*found, *([] if labels is None else ["labels"]), *held]))


def open(path: Path, key: str | None, request: Request) -> Column:
    """The lists of a key, ``(n, K)``, or its single values, ``(n,)``, as numbers or as text.

    Raises:
        InputError: the file holds no such objects.
    """
    name = request.file
    held, wanted = _first(path, request), key
    if key == "logits":
        wanted = _scores_key(held)
    elif key == "labels":
        wanted = label_key(held, request.label_column, name)
    if wanted is None or wanted not in held:
        raise InputError(f"{name}: no key {brief(key)}{nearest(key or '', held)}")
    first, float64 = held[wanted], np.dtype(np.float64)
    with opened(path, request) as file:
        rows = _rows(file, name, wanted)
        if key == "logits" and wanted in CHOICES:
            note = f"{name}: samples of lm-evaluation-harness, log-likelihoods of the choices as"
            return replace(_choices(rows, path, wanted, request), notes=(f"{note} logits",))
        if isinstance(first, list):
            step = max(1, AT_ONCE // max(1, len(first)))
            lists = (_lists(few, wanted, len(first)) for few in _some(rows, step))
            return decoded(name, lists, (len(first),), float64)
        some = _some(rows, AT_ONCE)
        if request.text:
            return decoded_texts(name, ([_text(row, wanted) for row in few] for few in some))
        return decoded(name, (_numbers(few, wanted) for few in some), (), float64)


# The values of a key.


def _scores_key(held: dict[str, Any]) -> str | None:
    return next((key for key in (*SCORES, *CHOICES) if key in held), None)


def _first(path: Path, request: Request) -> dict[str, Any]:
    with opened(path, request) as file:
        for _, row in _rows(file, request.file):
            return row
    raise InputError(f"{request.file}: expected at least one JSON object, found none")


def _some(rows: Iterator[Row], n: int) -> Iterator[list[Row]]:
    return iter(lambda: list(islice(rows, n)), [])


def _value(row: Row, key: str) -> Any:
    where, held = row
    if key not in held:
        raise InputError(f"{where}: no key {brief(key)}{nearest(key, list(held))}")
    return held[key]


def _text(row: Row, key: str) -> str:
    """A single value as text; true and false are 1 and 0."""
    value = _value(row, key)
    if isinstance(value, bool):
        return str(int(value))
    if not isinstance(value, (str, int, float)):
        raise InputError(
            f"{row[0]}, key {brief(key)}: expected a number or a text, found {brief(value)}"
        )
    return value if isinstance(value, str) else repr(value)


def _numbers(rows: list[Row], key: str) -> Float64:
    texts = [_text(row, key) for row in rows]
    for (where, _), text in zip(rows, texts, strict=True):
        if not is_number(text):
            raise InputError(f"{where}, key {brief(key)}: expected a number, found {brief(text)}")
    return np.array([float(text) for text in texts])


def _lists(rows: list[Row], key: str, width: int) -> Float64:
    """``(n, width)`` numbers of lists that are all as long."""
    values = [_value(row, key) for row in rows]
    for (where, _), value in zip(rows, values, strict=True):
        if not isinstance(value, list) or len(value) != width:
            found = f"{len(value)}" if isinstance(value, list) else brief(value)
            raise InputError(
                f"{where}, key {brief(key)}: expected {width} numbers, as in the first row, "
                f"found {found}"
            )
    if not {*map(type, chain.from_iterable(values))} <= {int, float}:
        for (where, _), value in zip(rows, values, strict=True):
            for i, each in enumerate(value):
                if type(each) not in (int, float):
                    found = "null" if each is None else brief(each)
                    raise InputError(
                        f"{where}, key {brief(key)}, place {i}: expected a number, found {found}"
                    )
    try:
        return np.array(values, np.float64)
    except OverflowError as error:
        most = sys.float_info.max
        pairs = zip(rows, values, strict=True)
        where = next(where for (where, _), value in pairs if max(map(abs, value)) > most)
        raise InputError(f"{where}: expected numbers up to 1.8e308, found a larger one") from error


# The objects.


def _rows(file: BinaryIO, name: str, key: str | None = None) -> Iterator[Row]:
    """All objects: one per line, or those of a list.

    Args:
        file, name: what is read, and what the user calls it.
        key: the one that matters; None: all do.
    """
    start = file.read(BLOCK).removeprefix(BOM).lstrip()[:1]
    if not start:
        raise InputError(f"{name}: expected JSON objects, found an empty file")
    file.seek(0)
    for where, row in _listed(file, name) if start == b"[" else _lined(file, name, key):
        if not isinstance(row, dict):
            raise InputError(
                f"{where}: expected an object with scores and a label, found {brief(row)}"
            )
        yield where, row


def _lined(file: BinaryIO, name: str, key: str | None) -> Iterator[tuple[str, Any]]:
    quick = None if key is None or orjson is None else json.dumps(key).encode()
    for number, line in enumerate(iter(lambda: file.readline(MOST_LINE), b""), 1):
        where = f"{name}: line {number}"
        if len(line) == MOST_LINE:
            raise InputError(f"{where}: expected an object, found more than {MOST_LINE >> 20} MiB")
        if not line.strip():
            continue
        # not twice, nor in other letters: orjson keeps the last value of a key
        if quick is not None and line.count(quick) == 1 and b"\\u" not in line:
            try:
                yield where, orjson.loads(line)
                continue
            except ValueError:  # the other one has the last word, also on NaN
                pass
        try:
            yield where, parsed(line.removeprefix(BOM))
        except (ValueError, RecursionError) as error:
            raise InputError(f"{where}: expected a JSON object per line: {error}") from error


def _listed(file: BinaryIO, name: str) -> Iterator[tuple[str, Any]]:
    """The elements of a list, which may be longer than fits into memory."""
    decode = codecs.getincrementaldecoder("utf-8-sig")(errors="replace").decode
    parse = json.JSONDecoder(object_pairs_hook=once).raw_decode
    text, number = decode(file.read(BLOCK)), 0
    at = text.index("[") + 1
    while True:
        where = f"{name}: row {number}"
        between = BETWEEN.match(text, at)
        at = between.end() if between else at
        if text.startswith("]", at):
            return
        try:
            value, at = parse(text, at)
        except (ValueError, RecursionError) as error:
            more = file.read(BLOCK)
            text, at = text[at:] + decode(more), 0
            if not more or len(text) > MOST_LINE:
                raise InputError(f"{where}: expected a list of JSON objects: {error}") from error
            continue
        yield where, value
        number += 1


# The samples of lm-evaluation-harness: log-likelihoods of the choices of a question.


def _choices(rows: Iterator[Row], path: Path, key: str, request: Request) -> Column:
    """Two passes: the first to see how many choices there are at most."""
    filtered: object = None  # how the harness made ``filtered_resps`` of ``resps``
    width = 0
    for where, row in rows:
        filtered = row.get("filter") if filtered is None else filtered
        if row.get("filter") != filtered:
            raise InputError(
                f"{where}: holds samples of the filters {brief(filtered)} and "
                f"{brief(row.get('filter'))}: each question several times; keep those of one"
            )
        width = max(width, len(_responses((where, row), key)))
    if width < 2:
        raise InputError(
            f"{request.file}: expected the log-likelihoods of two choices or more per row, found "
            "one: these are samples of a task without choices"
        )

    def scores(few: list[Row]) -> AnyArray:
        found = np.full((len(few), width), -np.inf)
        for i, row in enumerate(few):
            responses = _responses(row, key)
            found[i, : len(responses)] = responses
        return found

    with opened(path, request) as file:
        some = _some(_rows(file, request.file, key), max(1, AT_ONCE // width))
        return decoded(request.file, map(scores, some), (width,), np.dtype(np.float64))


def _responses(row: Row, key: str) -> list[float]:
    """The log-likelihood of each choice, from ``[[log-likelihood, is greedy], ...]``, numbers or
    texts.

    Raises:
        InputError: these are none, as in a task that generates text.
    """
    where, held = row
    given = held.get(key)
    if not isinstance(given, list) or not given:
        raise InputError(f"{where}, key {brief(key)}: expected responses, found {brief(given)}")
    values = []
    for response in given:
        found = response
        while isinstance(found, list) and found:  # [[ll, greedy]], one for each repeat
            found = found[0]
        if isinstance(found, bool) or not is_number(str(found)):
            raise InputError(
                f"{where}, key {brief(key)}: expected [log-likelihood, is greedy] of each choice, "
                f"found {brief(response)}; is this a task that generates text?"
            )
        values.append(float(found))
    return values
