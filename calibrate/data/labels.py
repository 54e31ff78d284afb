"""Labels as they were saved -> classes, or shares of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from functools import partial
from unicodedata import normalize

import numpy as np

from calibrate.arrays import AnyArray, Labels
from calibrate.data.column import Column, everything, in_memory
from calibrate.data.readers.csv import is_number
from calibrate.data.reading import Reading
from calibrate.errors import InputError, check_known
from calibrate.text import brief, listed


def as_labels(raw: AnyArray, offset: int, *, hard: bool) -> Labels:
    """``(n,)`` classes from 0 of hard labels, else ``(n, K)`` shares that sum to 1.

    Args:
        raw: ``(n,)`` class indices or shares of yes, or ``(n, K)`` shares.
        offset: the number of the first class.
        hard: whether each label is one class.
    """
    if raw.ndim == 2 and hard:
        return np.asarray(raw.argmax(axis=1), dtype=np.int64)
    if raw.ndim == 2:
        shares = raw.astype(np.float64)
        shares /= shares.sum(axis=1, keepdims=True)
        return shares
    if hard:
        return np.asarray(raw.astype(np.int64) - offset)
    yes = raw.astype(np.float64) - offset
    return np.stack([1 - yes, yes], axis=1)


# Names and numbers of classes, as users give them.


def class_numbers(chosen: str | None, names: Sequence[str] | None) -> tuple[int, ...] | None:
    """The numbers of classes given by name or number, with commas; None for None.

    Raises:
        InputError: a name is not among ``names``, or a number is none.
    """
    if chosen is None:
        return None
    found = []
    for each in chosen.split(","):
        if names is not None and each in names:
            found.append(list(names).index(each))
        elif each.strip().isdecimal():
            found.append(int(each))
        else:
            check_known("`classes`", [each], names or ("numbers from 0",))
    return tuple(found)


def check_class_names(names: Sequence[str] | None, n_classes: int, where: str) -> None:
    """Raise InputError unless there is one name per class, or none at all."""
    if names is not None and len(names) != n_classes:
        raise InputError(f"{where}: expected {n_classes} names, one per class, found {len(names)}")


def check_classes(classes: Sequence[int] | None, n_classes: int) -> None:
    """Raise InputError for the number of a class that does not exist."""
    for number in classes or ():
        if not 0 <= number < n_classes:
            raise InputError(f"`classes`: expected numbers from 0 to {n_classes - 1}, got {number}")


# Labels given as text -> numbers: those of the classes of these names.


QUOTES = "\"'"
SAYS = {  # what is written of an answer that was right, or wrong
    **dict.fromkeys(("true", "yes", "right", "correct", "t", "y"), 1.0),
    **dict.fromkeys(("false", "no", "wrong", "incorrect", "f", "n"), 0.0),
}
BLOCK = 1 << 20  # rows that are looked at at once


@dataclass(frozen=True)
class Classes:
    """The classes that labels are about.

    Attributes:
        n: how many.
        names: of each, or None.
        source: of the names, as in "the header".
        named: whether a label may be one of the names; those of multi-label models are 0 and 1.
    """

    n: int
    names: tuple[str, ...] | None = None
    source: str = ""
    named: bool = True

    @staticmethod
    def of(n: int, header: Sequence[str] | None, reading: Reading, *, named: bool) -> Classes:
        """Those named by the user, else by the header of the scores.

        Raises:
            InputError: both name the same classes in another order.
        """
        header = tuple(header) if header is not None and len(header) == n else None
        if header == tuple(map(str, range(n))):  # what pandas calls columns without names
            header = None
        if reading.class_names is None:
            return Classes(n, header, "the header", named)
        given = tuple(reading.class_names)
        if header is not None and given != header and sorted(given) == sorted(header):
            raise InputError(
                f"`class_names`: expected the order of the header of the scores, "
                f"{listed(header)}, found {listed(given)}; leave them out"
            )
        return Classes(n, given, "the list given", named)


def numbered(
    labels: Column, classes: Classes, reading: Reading
) -> tuple[Column, tuple[str, ...] | None, tuple[str, ...]]:
    """Labels as numbers, the names of the classes, if they are known, and how that was found.

    Numbers are left as they are. Texts are names of classes, else numbers.

    Raises:
        InputError: a text is neither.
    """
    if not labels.is_text:
        return labels, classes.names, ()
    labels = _coded(labels)
    texts = [_bare(text) for text in labels.categories or ()]
    as_numbers = [_number(text) for text in texts]
    names, note = classes.names, None
    check_class_names(names, classes.n, "`class_names`")
    twice = [name for name, times in Counter(map(_bare, names or ())).items() if times > 1]
    if twice:
        raise InputError(
            f"`class_names`: several classes are named {brief(twice[0])}, so that labels given as "
            "text are not clear"
        )
    places = None if names is None else _places(texts, names)
    some = places is not None and any(each is not None for each in places)
    numeric = all(each is not None for each in as_numbers)
    ignored = [each is not None and each == reading.ignore_label for each in as_numbers]
    if not classes.named or (numeric and not some):
        found = as_numbers
    else:
        if names is None or places is None:
            names = _sorted(texts, ignored, classes.n, labels.name)
            places, source = _places(texts, names), "their sorted set"
            note = f"labels matched to {source}: {listed(names)}"
        else:
            note = f"labels matched to the class names of {classes.source}"
        found = [None if each is None else each + reading.label_offset for each in places]
        note = None if found == as_numbers else note
        found = [a if skip else b for a, b, skip in zip(as_numbers, found, ignored, strict=True)]
    if None in found:
        _tell(found, labels, names)
    return _with_values(labels, found), names, () if note is None else (note,)


def right_or_wrong(labels: Column) -> Column:
    """Whether each answer was right, 1 or 0, or a share between; numbers are left as they are.

    Raises:
        InputError: a text says neither.
    """
    if not labels.is_text:
        return labels
    labels = _coded(labels)
    texts = [_bare(text) for text in labels.categories or ()]
    found = [SAYS.get(text.casefold(), _number(text)) for text in texts]
    if None in found:
        row, text = _first(found, labels)
        raise InputError(
            f"{labels.name}: expected 1 or 0, true or false, yes or no, found "
            f"{brief(text) if text else 'nothing'} in row {row:,}; leave out what nobody judged"
        )
    return _with_values(labels, found)


def _coded(labels: Column) -> Column:
    """Texts as codes of the different ones."""
    if labels.categories is not None:
        return labels
    array = everything(labels)
    if array.dtype.kind == "S":
        try:
            array = np.char.decode(array, "utf-8")
        except UnicodeDecodeError as error:
            raise InputError(f"{labels.name}: expected text in UTF-8: {error}") from error
    different, codes = np.unique(array.astype(np.str_), return_inverse=True)
    categories = tuple(map(str, different))
    return in_memory(codes.reshape(array.shape), labels.name, categories=categories)


def _with_values(labels: Column, found: Sequence[float | None]) -> Column:
    """Numbers in the place of categories; integers where all are whole."""
    of_code = np.array(found, np.float64)
    whole = np.isfinite(of_code).all() and (of_code == np.floor(of_code)).all()
    if whole and np.abs(of_code).max(initial=0) < 1 << 53:
        of_code = of_code.astype(np.int64)
    return labels.map(partial(np.take, of_code))


def _bare(text: str) -> str:
    """A text without what is around it: space, a byte order mark, quotes."""
    text = normalize("NFC", text).strip().removeprefix("\ufeff").strip()
    quoted = len(text) > 1 and text[0] in QUOTES and text[0] == text[-1]
    return text[1:-1].strip() if quoted else text


def _number(text: str) -> float | None:
    return float(text) if is_number(text) else None


def _places(texts: Sequence[str], names: Sequence[str]) -> list[int | None]:
    """Which class each text is: of this name, in any case if that is clear, or of this number."""
    exact = {_bare(name): place for place, name in enumerate(names)}
    folded = _clear((name.casefold(), place) for name, place in exact.items())
    numbers = _clear((_number(name), place) for name, place in exact.items())
    return [
        exact.get(text, folded.get(text.casefold(), numbers.get(_number(text)))) for text in texts
    ]


def _clear(pairs: Iterable[tuple[Hashable, int]]) -> dict[Hashable, int]:
    """Those of the pairs whose first is there once."""
    found = list(pairs)
    times = Counter(first for first, _ in found)
    return {first: place for first, place in found if times[first] == 1 and first is not None}


def _sorted(texts: Sequence[str], ignored: Sequence[bool], n: int, name: str) -> tuple[str, ...]:
    """The different texts in order, where there are as many as classes."""
    seen = {text for text, skip in zip(texts, ignored, strict=True) if text and not skip}
    if len(seen) != n:
        raise InputError(
            f"{name}: expected class numbers, or {n:,} different names, one per class, found "
            f"{len(seen):,}: {listed(sorted(seen))}; name all classes with `class_names`"
        )
    return tuple(sorted(seen))


def _tell(found: Sequence[float | None], labels: Column, names: Sequence[str] | None) -> None:
    """Raise InputError for the first row whose text is no class."""
    row, text = _first(found, labels)
    hint = f"; the classes are {listed(names)}" if names else ""
    near = get_close_matches(text.casefold(), [n.casefold() for n in names or ()], n=1)
    for each in names or ():
        if near and each.casefold() == near[0]:
            hint = f"; did you mean {brief(each)}?"
    expected = "the name of a class" if names else "a number"
    raise InputError(
        f"{labels.name}: expected {expected}, found {brief(text) if text else 'nothing'} in row "
        f"{row:,}{hint}"
    )


def _first(found: Sequence[float | None], labels: Column) -> tuple[int, str]:
    """The first row whose text is nothing known, and the text."""
    bad = np.array([each is None for each in found])
    for start in range(0, labels.shape[0], BLOCK):
        block = labels.read(start, start + BLOCK).reshape(-1)
        rows = bad[block]
        if rows.any():
            row = int(rows.argmax())
            return start + row, _bare((labels.categories or ())[block[row]])
    return 0, ""
