"""Names with numbers in them: in natural order, and which part of them varies."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import takewhile

NUMBER = re.compile("([0-9]+)")

Tokens = list["str | int"]


def tokens(name: str) -> Tokens:
    """``"logits-2.npy"`` -> ``["logits-", 2, ".npy"]``: texts and numbers in turn."""
    return [int(part) if i % 2 else part for i, part in enumerate(NUMBER.split(name))]


def in_natural_order(names: Sequence[str]) -> list[str]:
    """Sorted so that logits-2 comes before logits-10."""
    return sorted(names, key=lambda name: (tokens(name), name))


def varying(names: Sequence[str]) -> list[tuple[str | int, ...]]:
    """What is left of each name without what all have in common; numbers count by their value."""
    split = [tokens(name) for name in names]
    if len({len(each) for each in split}) > 1:
        return [(text,) for text in _bare(names)]
    columns: list[Sequence[str | int]] = []
    for column in zip(*split, strict=True):
        if len(set(column)) > 1:
            texts = [each for each in column if isinstance(each, str)]
            columns.append(_bare(texts) if texts else column)
    return [tuple(column[i] for column in columns) for i in range(len(names))]


def shared_start(texts: Sequence[str]) -> str:
    """What all texts begin with."""
    low, high = min(texts), max(texts)  # others begin with whatever these two have in common
    same = takewhile(lambda pair: pair[0] == pair[1], zip(low, high, strict=False))
    return low[: len(list(same))]


def _bare(texts: Sequence[str]) -> list[str]:
    """Texts without their common beginning and end."""
    start = len(shared_start(texts))
    rest = [text[start:] for text in texts]
    end = len(shared_start([text[::-1] for text in rest]))
    return [text[: len(text) - end] for text in rest]
