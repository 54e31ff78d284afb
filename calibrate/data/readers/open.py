"""Names given by the user -> columns -> Dataset."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from difflib import get_close_matches
from functools import partial
from itertools import islice
from pathlib import Path

from calibrate.arrays import AnyArray
from calibrate.blocks.passes import doing
from calibrate.data.column import Column, Part, everything
from calibrate.data.dataset import Dataset
from calibrate.data.decoded import Again
from calibrate.data.readers.answers import paired
from calibrate.data.readers.contents import nearest_first
from calibrate.data.readers.registry import (
    ARRAYS,
    FORMATS,
    TABLES,
    Address,
    Request,
    folder_format,
    reader,
)
from calibrate.data.readers.several import (
    Several,
    check_paired,
    first_address,
    open_together,
    placed,
)
from calibrate.data.readers.table import NONE, nearest
from calibrate.data.reading import Reading
from calibrate.errors import InputError
from calibrate.files import Version, changed, check_regular
from calibrate.text import brief, listed

TEXTS = ("labels", "groups", "clusters")  # what may be text
OTHERS = ("labels", "weights", "groups", "clusters")  # keys that are not those of scores
MOST_BESIDE = 5_000  # files of a folder among which a similar name is looked for


@doing("reading")
def open_dataset(
    logits: str,
    labels: str | None = None,
    *,
    weights: str | None = None,
    clusters: str | None = None,
    reading: Reading | None = None,
    needs_labels: bool = True,
) -> Dataset:
    """Open files by name and validate them.

    Args:
        logits: a file of a format of ``formats.FORMATS``, or ``file:key``.
        labels: the same, or None where the file of the logits holds labels too, or confidences
            and whether answers were right.
        weights: the same; row weights, or None.
        clusters: which rows belong together: the same, or ``file.txt`` or ``file.csv:column``.
        reading: how to read them.
        needs_labels: whether to open labels at all.

    Raises:
        InputError: anything about the files or their values.
    """
    logits, labels, how = paired(logits, labels, reading or Reading(), _keys)
    asked = how.label_column
    apart = labels is not None and first_address(labels).suffix in TABLES  # it is about those
    _check_there(how.leave_out, logits)
    left_out = (*how.leave_out, *_columns_of(logits, labels, weights, clusters))
    z = open_column(logits, "logits", label_column=None if apart else asked, leave_out=left_out)
    y = None
    if needs_labels:
        name = labels or labels_beside(logits, asked)
        y = open_column(name, "labels", label_column=asked, beside=z)
    w = None if weights is None else open_column(weights, "weights", beside=z)
    u = None if clusters is None else open_column(clusters, "clusters", beside=z)
    with placed(z, y, w, u):
        if how.of_answers:
            z = replace(z, name=first_address(logits).file)
        return Dataset.of(z, y, weights=w, clusters=u, reading=how)


def _check_there(columns: Sequence[str], logits: str) -> None:
    """Raise InputError where a column that is to be left out is not in the table."""
    address = first_address(logits)
    for each in columns:
        held = (_keys(address, Request(NONE)) or ()) if address.suffix in TABLES else ()
        if each not in (*held, NONE):
            raise InputError(f"{address.file}: no column {brief(each)}{nearest(each, held)}")


def _columns_of(logits: str, *others: str | None) -> Iterator[str]:
    """The columns of the table of the logits that others are: no scores of classes."""
    for other in filter(None, others):
        address = first_address(other)
        if address.key and address.suffix in TABLES and address.path == first_address(logits).path:
            yield address.key


def open_column(
    name: str,
    role: str,
    *,
    label_column: str | None = None,
    beside: Column | None = None,
    leave_out: Sequence[str] = (),
) -> Column:
    """The array that the user named, opened; ``role``, as in "logits", is the key looked for.

    Labels, groups and clusters may be text, everything else is numbers. Where several files are
    named as one, ``beside`` is the column whose rows these belong to, file by file.

    Raises:
        InputError: there is no such file or array, or it cannot be read.
    """
    asked = Request(label_column, text=role in TEXTS, leave_out=tuple(leave_out))
    several = Several.of(name)
    if several is None:
        column = open_file(Address.of(name), role, asked)
    else:
        column = open_together(several, partial(open_file, role=role, asked=asked), beside)
    check_paired(beside, column)
    return column


def open_file(address: Address, role: str, asked: Request) -> Column:
    """An array of one file.

    Raises:
        InputError: as of ``open_column``.
    """
    name, formats = address.name, tuple(FORMATS) if role in TEXTS else ARRAYS
    if not name or address.key == "":
        raise InputError(f"{name}: expected the name of a file of {role}, got an empty name or key")
    try:
        folder = address.path.is_dir()
        if folder and folder_format(address.path) is None:
            raise InputError(f"{address.file}: expected a file of {role}, found a directory")
        if not address.path.is_symlink() and not address.path.exists():
            raise InputError(f"{address.file}: no such file{nearest_file(address.path)}")
        if not folder:
            check_regular(address.path, address.file)
        if address.suffix in formats:
            return _opened(address, role, asked)
    except OSError as error:
        raise InputError(f"{address.file}: cannot be read: {error.strerror or error}") from error
    raise InputError(
        f"{name}: expected a file of {role} ending in {' or '.join(formats)}, "
        f"found {brief(address.path.suffix or 'no suffix')}; save it with numpy.save"
    )


def _opened(address: Address, role: str, asked: Request) -> Column:
    """A column of a file of a known format, opened here and now, where errors are expected."""
    key, path = address.key or default_key(address, role, asked), address.path.absolute()
    request = replace(asked, file=address.file, suffix=address.suffix)
    version = Version.of(path.stat())
    column = _read(str(path), key, request)
    read = column.read
    if not column.in_place:
        opener = partial(_again, str(path), key, request, version)
        read = Again(opener, column).read
    rows = column.shape[0] if column.shape else 0
    return replace(column, name=address.name, read=read, parts=(Part(address.name, rows, key),))


def _read(path: str, key: str | None, request: Request) -> Column:
    """Open an array."""
    found: Column = reader(request.suffix, request.file).open(Path(path), key, request)
    return found


def _again(path: str, key: str | None, request: Request, version: Version) -> Column:
    """Open an array in another process.

    Raises:
        InputError: the file is no longer what was opened.
    """
    try:
        same = Version.of(Path(path).stat()).is_like(version)
    except OSError as error:
        raise changed(request.file) from error
    if not same:
        raise changed(request.file)
    return _read(path, key, request)


def read_array(name: str, role: str, beside: Column | None = None) -> AnyArray:
    """All of the array that the user named."""
    return everything(open_column(name, role, beside=beside))


def read_groups(name: str, beside: Column | None = None) -> AnyArray:
    """The group of each row: an array file, the lines of a ``.txt``, or ``file.csv:column``."""
    return read_array(name, "groups", beside)


def _keys(address: Address, asked: Request) -> list[str] | None:
    """The names of the arrays in a file, or None where it holds one without a name."""
    request = replace(asked, file=str(address.path), suffix=address.suffix)
    module = reader(address.suffix, address.file)
    held: list[str] | None = module.keys(address.path, request)
    return held


def keys_held(address: Address) -> list[str] | None:
    """The names of the arrays in a file of a known suffix; None where it holds one without.

    Raises:
        InputError: what is wrong with the file.
    """
    return _keys(address, Request())


def open_as(address: Address, key: str | None, *, text: bool) -> Column:
    """An array of a file of a known suffix, whatever it is for; ``text``: also one of texts."""
    name = address.file if key is None else f"{address.file}:{key}"
    return _opened(replace(address, name=name, key=key), key or "", Request(text=text))


def default_key(address: Address, role: str, asked: Request) -> str | None:
    """The key of the array that plays a role in a file of several."""
    held = _keys(address, asked)
    if held is None or role in held:
        return None if held is None else role
    if len(held) == 1 and not (role == "logits" and held[0] in OTHERS):
        return str(held[0])
    raise InputError(
        f"{address.path}: no array {role!r}; it holds {listed(nearest_first(role, held))}; "
        f"name one as {address.path}:KEY"
    )


def labels_beside(logits: str, label_column: str | None = None) -> str:
    """The labels in the file of the logits, or in each of them."""
    several = Several.of(logits)
    if several is None:
        return f"{_check_labelled(Address.of(logits), label_column).file}:labels"
    for address in several.addresses:
        _check_labelled(address, label_column)
    return several.keyed("labels")


def _check_labelled(address: Address, label_column: str | None) -> Address:
    """Raise InputError unless a file of logits holds labels, too."""
    held = None
    if address.suffix in FORMATS and address.path.exists():
        held = _keys(address, Request(label_column))
    if "labels" in (held or ()):
        return address
    what = "" if held is None else f" in {address.path}, which holds {listed(held)}"
    if address.suffix in TABLES:
        what += "; name its column with `label_column`"
    raise InputError(f"{address.name}: `labels` is missing and no array 'labels' was found{what}")


def nearest_file(path: Path) -> str:
    """The file beside that was meant, perhaps, as the end of a message."""
    if path.parent.is_symlink() and not path.parent.exists():
        return f"; the folder {path.parent} is a link that leads nowhere"
    if not path.parent.is_dir():
        return f"; the folder {path.parent} does not exist"
    beside = [each.name for each in islice(path.parent.iterdir(), MOST_BESIDE)]
    near = get_close_matches(path.name, beside, n=1)
    return f"; did you mean {path.parent / near[0]}?" if near else ""
