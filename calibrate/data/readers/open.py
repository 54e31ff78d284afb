"""Names given by the user -> columns -> Dataset."""

from __future__ import annotations

from difflib import get_close_matches
from functools import partial
from importlib import import_module
from itertools import islice
from pathlib import Path
from types import ModuleType

from calibrate.arrays import AnyArray
from calibrate.blocks.scheduler import doing
from calibrate.data.columns import Column, FileColumn, everything
from calibrate.data.dataset import Dataset
from calibrate.data.file_array import FileArray
from calibrate.data.readers.address import Address
from calibrate.data.readers.formats import ARRAYS, FORMATS
from calibrate.data.reading import Reading
from calibrate.errors import InputError
from calibrate.files import check_regular
from calibrate.printable import brief, listed

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
        logits: ``file.npy``, ``file.npz`` or ``file.npz:key``.
        labels: the same, or None where the .npz of the logits holds labels too.
        weights: the same; row weights, or None.
        clusters: which rows belong together: the same, or ``file.txt`` or ``file.csv:column``.
        reading: how to read them.
        needs_labels: whether to open labels at all.

    Raises:
        InputError: anything about the files or their values.
    """
    z = open_column(logits, "logits")
    y = open_column(labels or labels_beside(logits), "labels") if needs_labels else None
    w = None if weights is None else open_column(weights, "weights")
    u = None if clusters is None else open_column(clusters, "clusters", tuple(FORMATS))
    return Dataset.of(z, y, weights=w, clusters=u, reading=reading)


open_source = open_dataset  # its former name, which works until 1.0


def open_column(name: str, role: str, formats: tuple[str, ...] = ARRAYS) -> Column:
    """The array that the user named, opened; ``role``, as in "logits", is the key looked for.

    Raises:
        InputError: there is no such file or array, or it cannot be read.
    """
    address = Address.of(name)
    if not name or address.key == "":
        raise InputError(f"{name}: expected the name of a file of {role}, got an empty name or key")
    try:
        if address.path.is_dir():
            raise InputError(f"{address.file}: expected a file of {role}, found a directory")
        if not address.path.is_symlink() and not address.path.exists():
            raise InputError(f"{address.file}: no such file{nearest_file(address.path)}")
        check_regular(address.path, address.file)
        if address.suffix in formats:
            key = address.key or default_key(address, role)
            path = str(address.path.absolute())
            column = FileColumn(partial(_read, address.suffix, path, key, name), name)
            _ = column.shape  # opened here and now, where errors are expected
            return column
    except OSError as error:
        raise InputError(f"{address.file}: cannot be read: {error.strerror or error}") from error
    raise InputError(
        f"{name}: expected a file of {role} ending in {' or '.join(formats)}, "
        f"found {brief(address.path.suffix or 'no suffix')}; save it with numpy.save"
    )


def read_array(name: str, role: str, formats: tuple[str, ...] = ARRAYS) -> AnyArray:
    """All of the array that the user named."""
    return everything(open_column(name, role, formats))


def read_groups(name: str) -> AnyArray:
    """The group of each row: an array file, the lines of a ``.txt``, or ``file.csv:column``."""
    return read_array(name, "groups", tuple(FORMATS))


def _module(suffix: str) -> ModuleType:
    return import_module(f"calibrate.data.readers.{FORMATS[suffix]}")


def _read(suffix: str, path: str, key: str | None, name: str) -> AnyArray | FileArray:
    """Open an array; a function of this module, so that it can be sent to another process."""
    array: AnyArray | FileArray = _module(suffix).read(Path(path), key, name)
    return array


def default_key(address: Address, role: str) -> str | None:
    """The key of the array that plays a role in a file of several."""
    held = _module(address.suffix).keys(address.path)
    if held is None or role in held:
        return None if held is None else role
    if len(held) == 1:
        return str(held[0])
    raise InputError(
        f"{address.path}: no array {role!r}; it holds {listed(held)}; "
        f"name one as {address.path}:KEY"
    )


def labels_beside(logits: str) -> str:
    """The labels in the file of the logits."""
    path = Address.of(logits).path
    keyed = path.suffix == ".npz"
    if keyed and path.is_file() and "labels" in _module(".npz").keys(path):
        return f"{path}:labels"
    what = f" in {path}" if keyed else ""
    raise InputError(f"{logits}: `labels` is missing and no array 'labels' was found{what}")


def nearest_file(path: Path) -> str:
    """The file beside that was meant, perhaps, as the end of a message."""
    if path.parent.is_symlink() and not path.parent.exists():
        return f"; the folder {path.parent} is a link that leads nowhere"
    if not path.parent.is_dir():
        return f"; the folder {path.parent} does not exist"
    beside = [each.name for each in islice(path.parent.iterdir(), MOST_BESIDE)]
    near = get_close_matches(path.name, beside, n=1)
    return f"; did you mean {path.parent / near[0]}?" if near else ""
