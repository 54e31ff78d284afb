"""The .json and .jsonl formats: an object per row, and the samples of lm-evaluation-harness."""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Iterator
from importlib import import_module
from importlib.util import find_spec
from itertools import chain, islice
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from calibrate.arrays import AnyArray, Float64
from calibrate.data.columns import Opened
from calibrate.data.file_array import FileArray
from calibrate.data.readers.csv import BLOCK, BOM, MOST_LINE, is_number, opened
from calibrate.data.readers.label_column import label_key, nearest
from calibrate.data.readers.registry import About, Asked
from calibrate.data.spool import Coder, Spool
from calibrate.errors import InputError
from calibrate.text import brief

# Where it is installed: several times as fast.
orjson = import_module("orjson") if find_spec("orjson") is not None else None

SCORES = ("logits", "probabilities", "probs", "scores")
CHOICES = ("filtered_resps", "resps")  # of the harness: the first is what its metrics were made of
BETWEEN = re.compile(r"[\s,]*")
ROWS = 1_000  # that are turned into an array at once

Row = tuple[str, dict[str, Any]]  # where it stands, and what


def keys(path: Path, asked: Asked) -> list[str]:
    """``logits`` and ``labels``, as far as they are there, and the keys of the first object."""
    name = str(path)
    held = _first(path, name)
    found = [] if _scores_key(held) is None else ["logits"]
    found += [] if label_key(held, asked.label_column, name) is None else ["labels"]
    return list(dict.fromkeys([*found, *held]))


def about(path: Path, key: str | None, _: Asked, name: str) -> About:
    """Classes have no names here."""
    if key == "logits" and _scores_key(_first(path, name)) in CHOICES:
        note = f"{name}: samples of lm-evaluation-harness, log-likelihoods of the choices as logits"
        return About(notes=(note,))
    return About()


def read(path: Path, key: str | None, name: str, asked: Asked) -> Opened:
    """The lists of a key, ``(n, K)``, or its single values, ``(n,)``, as numbers or as text.

    Raises:
        InputError: the file holds no such objects.
    """
    file_name = name.removesuffix(f":{key}")
    held = _first(path, file_name)
    wanted = key
    if key == "logits":
        wanted = _scores_key(held)
    elif key == "labels":
        wanted = label_key(held, asked.label_column, file_name)
    if wanted not in held:
        raise InputError(f"{file_name}: no key {brief(key)}{nearest(key or '', held)}")
    with opened(path, file_name) as file:
        rows = _rows(file, file_name)
        if key == "logits" and wanted in CHOICES:
            return _choices(Choices(wanted, file_name), rows, path)
        if isinstance(held[wanted], list):
            return _lists(rows, wanted, file_name)
        if asked.text:
            coder = Coder(file_name)
            while few := list(islice(rows, ROWS)):
                coder.add([_text(where, row, wanted) for where, row in few])
            return coder.array()
        return _numbers(rows, wanted, file_name)


def _scores_key(held: dict[str, Any]) -> str | None:
    return next((key for key in (*SCORES, *CHOICES) if key in held), None)


def _first(path: Path, name: str) -> dict[str, Any]:
    with opened(path, name) as file:
        for _, row in _rows(file, name):
            return row
    raise InputError(f"{name}: expected at least one JSON object, found none")


def _value(where: str, row: dict[str, Any], key: str) -> Any:
    if key not in row:
        raise InputError(f"{where}: no key {brief(key)}{nearest(key, list(row))}")
    return row[key]


def _text(where: str, row: dict[str, Any], key: str) -> str:
    """A single value as text; true and false are 1 and 0."""
    value = _value(where, row, key)
    if isinstance(value, bool):
        return str(int(value))
    if not isinstance(value, (str, int, float)):
        raise InputError(
            f"{where}, key {brief(key)}: expected a number or a text, found {brief(value)}"
        )
    return value if isinstance(value, str) else repr(value)


def _numbers(rows: Iterator[Row], key: str, name: str) -> AnyArray | FileArray:
    spool = Spool(name, (), np.dtype(np.float64))
    while few := list(islice(rows, ROWS)):
        texts = [(where, _text(where, row, key)) for where, row in few]
        for where, text in texts:
            if not is_number(text):
                raise InputError(
                    f"{where}, key {brief(key)}: expected a number, found {brief(text)}"
                )
        spool.add(np.array([float(text) for _, text in texts]))
    return spool.array()


def _lists(rows: Iterator[Row], key: str, name: str) -> AnyArray | FileArray:
    spool, width = None, 0
    while few := list(islice(rows, ROWS)):
        values = [_value(where, row, key) for where, row in few]
        if spool is None:
            width = len(values[0])
            spool = Spool(name, (width,), np.dtype(np.float64))
        for (where, _), value in zip(few, values, strict=True):
            if not isinstance(value, list) or len(value) != width:
                found = f"{len(value)}" if isinstance(value, list) else brief(value)
                raise InputError(
                    f"{where}, key {brief(key)}: expected {width} numbers, as in the first row, "
                    f"found {found}"
                )
        if not {*map(type, chain.from_iterable(values))} <= {int, float}:
            _tell([where for where, _ in few], values, key)
        spool.add(_array(values, name))
    return np.empty((0, 0)) if spool is None else spool.array()


def _array(values: list[list[float]], name: str) -> Float64:
    try:
        return np.array(values, np.float64)
    except OverflowError as error:
        raise InputError(f"{name}: expected numbers up to 1.8e308, found a larger one") from error


def _tell(places: list[str], values: list[list[Any]], key: str) -> None:
    """Raise InputError for the first value that is no number."""
    for where, row in zip(places, values, strict=True):
        for i, value in enumerate(row):
            if type(value) not in (int, float):
                found = "null" if value is None else brief(value)
                raise InputError(
                    f"{where}, key {brief(key)}, place {i}: expected a number, found {found}"
                )


def _choices(choices: Choices, rows: Iterator[Row], path: Path) -> AnyArray | FileArray:
    """Two passes: the first to see how many choices there are at most."""
    width = max(len(choices.of(where, row)) for where, row in rows)
    if width < 2:
        raise InputError(
            f"{choices.name}: expected the log-likelihoods of two choices or more per row, found "
            "one: these are samples of a task without choices"
        )
    spool = Spool(choices.name, (width,), np.dtype(np.float64))
    with opened(path, choices.name) as file:
        again = _rows(file, choices.name)
        while few := list(islice(again, ROWS)):
            scores = np.full((len(few), width), -np.inf)
            for i, (where, row) in enumerate(few):
                found = choices.of(where, row)
                scores[i, : len(found)] = found
            spool.add(scores)
    return spool.array()


def _rows(file: BinaryIO, name: str) -> Iterator[Row]:
    """All objects: one per line, or those of a list."""
    start = file.read(BLOCK).removeprefix(BOM).lstrip()[:1]
    if not start:
        raise InputError(f"{name}: expected JSON objects, found an empty file")
    file.seek(0)
    for where, row in (_listed if start == b"[" else _lined)(file, name):
        if not isinstance(row, dict):
            raise InputError(
                f"{where}: expected an object with scores and a label, found {brief(row)}"
            )
        yield where, row


def _loads(line: bytes) -> Any:
    """What stands in a line; json has the last word, also on NaN and on what is wrong."""
    if orjson is not None:
        try:
            return orjson.loads(line)
        except ValueError:
            pass
    return json.loads(line)


def _lined(file: BinaryIO, name: str) -> Iterator[tuple[str, Any]]:
    lines = iter(lambda: file.readline(MOST_LINE), b"")
    for number, line in enumerate(lines, 1):
        where = f"{name}: line {number}"
        if len(line) == MOST_LINE:
            raise InputError(f"{where}: expected an object, found more than {MOST_LINE >> 20} MiB")
        if line.strip():
            try:
                yield where, _loads(line.removeprefix(BOM))
            except (ValueError, RecursionError) as error:
                raise InputError(f"{where}: expected a JSON object per line: {error}") from error


def _listed(file: BinaryIO, name: str) -> Iterator[tuple[str, Any]]:
    """The elements of a list, which may be longer than fits into memory."""
    decode = codecs.getincrementaldecoder("utf-8-sig")(errors="replace").decode
    parse = json.JSONDecoder().raw_decode
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


class Choices:
    """The responses of each sample, ``[[log-likelihood, is greedy], ...]``, numbers or texts.

    Attributes:
        name: of the file.
    """

    def __init__(self, key: str, name: str) -> None:
        self.name, self._key = name, key
        self._filter: object = None  # how the harness made ``filtered_resps`` of ``resps``

    def of(self, where: str, row: dict[str, Any]) -> list[float]:
        """The log-likelihood of each choice.

        Raises:
            InputError: these are none, as in a task that generates text, or of several filters.
        """
        self._filter = row.get("filter") if self._filter is None else self._filter
        if row.get("filter") != self._filter:
            raise InputError(
                f"{where}: holds samples of the filters {brief(self._filter)} and "
                f"{brief(row.get('filter'))}: each question several times; keep those of one"
            )
        given = row.get(self._key)
        if not isinstance(given, list) or not given:
            raise InputError(
                f"{where}, key {brief(self._key)}: expected responses, found {brief(given)}"
            )
        return [self._number(where, each) for each in given]

    def _number(self, where: str, response: Any) -> float:
        found = response
        while isinstance(found, list) and found:  # [[ll, greedy]], one for each repeat
            found = found[0]
        if isinstance(found, bool) or not is_number(str(found)):
            raise InputError(
                f"{where}, key {brief(self._key)}: expected [log-likelihood, is greedy] of each "
                f"choice, found {brief(response)}; is this a task that generates text?"
            )
        return float(found)
