"""What is in files: any files, also damaged ones."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from calibrate.analyses.inspection.look import Look, looks_of, of_array
from calibrate.analyses.inspection.own import is_ours, own_file
from calibrate.analyses.inspection.taken import Pair, pairs_of, taken_of
from calibrate.blocks.scheduler import doing
from calibrate.data.readers.address import Address
from calibrate.data.readers.formats import FORMATS
from calibrate.data.readers.open import nearest_file, open_column
from calibrate.data.readers.predictions import holds_predictions, read_top_labels
from calibrate.data.readers.rescue import remains
from calibrate.data.readers.signature import UNKNOWN, Signature, signature_of
from calibrate.data.reading import Reading
from calibrate.errors import InputError
from calibrate.files import check_regular
from calibrate.printable import shell_word
from calibrate.results.inspection import ArrayFound, FileFound, Inspection, Kind, Taken

RESCUED = (".npy", ".npz")


@dataclass(frozen=True)
class ReadAs(Address):
    """A file that is read under another suffix than its own."""

    read_as: str = ""

    @property
    def suffix(self) -> str:
        return self.read_as


@dataclass(frozen=True)
class _Seen:
    """A file, and what can be done with it."""

    file: FileFound
    looks: tuple[Look, ...] = ()
    commands: tuple[str, ...] = ()
    predictions: Taken | None = None


@doing("inspecting")
def inspect(path: str | Path, *more: str | Path) -> Inspection:
    """Say what is in files: their arrays, what these look like, and which command takes them.

    Nothing from a file is run. A damaged file is no error: its problem is in the result.

    Args:
        path: a file, or ``file:key`` for one array of it.
        more: others; the result says whether all fit together.

    Raises:
        InputError: nothing could be told of any of them.
    """
    seen = [_seen(str(each)) for each in (path, *more)]
    if all(each.file.format is None for each in seen):
        first = seen[0].file
        raise InputError(f"{first.name}: {first.problem}")
    files = tuple(each.file for each in seen)
    taken, commands = _taken([look for each in seen for look in each.looks])
    taken = [*(each.predictions for each in seen if each.predictions), *taken]
    own = [command for each in seen for command in each.commands]
    advice = _advice(seen, taken)
    return Inspection(files, tuple(taken), (*own, *commands), advice)


def _seen(name: str) -> _Seen:
    """One file; whatever is wrong with it is in what is given back."""
    address = Address.of(name)
    try:
        if address.suffix in FORMATS and address.path.is_dir():
            return _arrays(address, Signature(f"folder read as {address.suffix}"))
        if not address.path.is_file():
            return _no_file(address)
        return _of_file(address)
    except InputError as error:
        return _Seen(FileFound(name, None, problem=_bare(str(error), name)))
    except OSError as error:
        problem = f"cannot be read: {error.strerror or error}"
        return _Seen(FileFound(name, None, problem=problem))


def _bare(message: str, name: str) -> str:
    return message.removeprefix(f"{name}: ")


def _no_file(address: Address) -> _Seen:
    """What is no single file: perhaps a name of several that are read as one.

    Raises:
        InputError: it is nothing that could be read.
    """
    if not address.path.exists():
        try:
            open_column(address.name, "logits")
        except InputError as error:
            if str(error).startswith(f"{address.file}: no such file"):
                raise
            raise InputError(f"{address.file}: no such file{nearest_file(address.path)}") from error
    elif not address.path.is_dir():
        check_regular(address.path, address.file)
    column = open_column(address.name, "logits")
    file = FileFound(address.name, "several files, read as one", None)
    from calibrate.analyses.inspection.look import look_at

    found = look_at(ArrayFound(None, column.shape, str(column.dtype)), column)
    return _Seen(replace(file, arrays=(found,)), (Look(address.name, None, column, found),))


def _of_file(address: Address) -> _Seen:
    """A file by its suffix, or by its first bytes where these say otherwise."""
    path, name = address.path, address.file
    kind = signature_of(path, name)
    if kind.suffix in (".json", ".jsonl") and is_ours(str(path), name):
        empty = FileFound(name, None, path.stat().st_size)
        file, commands = own_file(empty, str(path))
        return _Seen(file, commands=commands)
    known = address.suffix in FORMATS
    if known and not _contradicts(kind, address.suffix):
        return _arrays(address, kind)
    if kind.suffix in FORMATS:
        other = ReadAs(address.name, path, address.key, kind.suffix or "")
        return _arrays(other, kind)
    if kind == UNKNOWN and not known:
        raise InputError(
            f"{name}: {path.stat().st_size:,} bytes of no kind that is known; "
            f"expected a file ending in {' or '.join(FORMATS)}"
        )
    return _Seen(FileFound(name, kind.words, path.stat().st_size, problem=_unread(kind)))


def _unread(kind: Signature) -> str:
    if kind.suffix is not None:
        return f"this version does not read {kind.suffix} files"
    return "holds no arrays that could be read; save logits and labels with numpy.save"


def _contradicts(kind: Signature, suffix: str) -> bool:
    """Whether the bytes say surely that a file is not what its suffix says."""
    if not kind.sure:
        return False
    if kind.suffix is None:
        return not kind.words.startswith(("zip archive", "gzip archive"))
    return kind.suffix not in FORMATS or FORMATS[kind.suffix] != FORMATS[suffix]


def _arrays(address: Address, kind: Signature) -> _Seen:
    """The arrays of a file that can be read."""
    path, name = address.path, address.file
    size = path.stat().st_size if path.is_file() else None
    renamed = address.suffix if isinstance(address, ReadAs) else None
    words = kind.words if kind.sure or renamed else FORMATS_IN_WORDS.get(address.suffix)
    file = FileFound(name, words or f"{address.suffix} file", size, suffix=renamed)
    try:
        if renamed is None and holds_predictions(name, None):
            return _predictions(file)
    except InputError:
        pass  # what is wrong with a table is said of its columns
    file, looks = looks_of(file, address)
    broken = file.problem or any(each.problem for each in file.arrays)
    if not looks and broken:
        file = _rescued(replace(file, format=file.format or kind.words), address, kind)
    if renamed is not None:
        new = f"{path}{renamed}"
        looks = [replace(each, file=new) for each in looks]
        file = replace(file, notes=(f"to be read, its name must end in {renamed}", *file.notes))
    return _Seen(file, tuple(looks))


FORMATS_IN_WORDS = {
    ".csv": "table",
    ".csv.gz": "table, compressed",
    ".tsv": "table with tabs",
    ".tsv.gz": "table with tabs, compressed",
    ".json": "JSON objects, one per row",
    ".jsonl": "JSON objects, one per row",
    ".txt": "text, a line per row",
    ".npy": "numpy array",
    ".npz": "zip archive of numpy arrays",
    ".pt": "file of torch.save",
    ".pth": "file of torch.save",
    ".bin": "file of torch.save",
    ".safetensors": "safetensors file",
    ".pkl": "pickle",
    ".pickle": "pickle",
}


def _rescued(file: FileFound, address: Address, kind: Signature) -> FileFound:
    """A file of which nothing can be read as it should be, with what is left of it."""
    problem = file.problem or next(each.problem for each in file.arrays if each.problem)
    left = []
    if address.suffix in RESCUED:
        left = [str(each) for each in remains(address.path, file.name, address.suffix)]
    elif not kind.sure and kind.suffix != address.suffix:
        left = [f"its first bytes look like: {kind.words}"]
    notes = tuple(f"what is left: {each}" if address.suffix in RESCUED else each for each in left)
    return replace(file, problem=problem, notes=(*file.notes, *notes))


def _predictions(file: FileFound) -> _Seen:
    """A table of predictions and confidences."""
    file = replace(file, format="table of predictions")
    try:
        rows = read_top_labels(file.name)
    except InputError as error:
        return _Seen(replace(file, problem=_bare(str(error), file.name)))
    looks = (
        of_array(file.name, "correct", rows.correct),
        of_array(file.name, "confidence", rows.confidence),
    )
    facts = {"labels seen": f"{rows.n_classes:,}"}
    taken = Taken(
        file.name, None, "top-label", rows.n_rows, 1, "confidences", "right or wrong",
        notes=rows.warnings,
    )  # fmt: skip
    found = replace(file, arrays=tuple(each.found for each in looks), facts=facts)
    return _Seen(found, (), (f"calibrate report {shell_word(file.name)}",), taken)


def _taken(looks: Sequence[Look]) -> tuple[list[Taken], list[str]]:
    """What arrays would be taken for, and the commands for it."""
    pairs = pairs_of(looks)
    if len(looks) == 2 and not any(labels for _, labels in pairs):
        pairs = [_as_given(looks)]
    found = [(pair, *taken_of(pair)) for pair in pairs]
    usable = [each for each in found if each[0][1] is not None and each[1].problem is None]
    commands = []
    if usable:
        commands.append(_command("fit", usable[0][0], usable[0][2]))
    if len(usable) > 1:
        commands.append(_command("report", usable[1][0], usable[1][2], " -c calibrator.json"))
    if not usable and found and found[0][1].problem is None:
        commands.append(_command("fit", found[0][0], found[0][2]))
    return [taken for _, taken, _ in found], commands


def _as_given(looks: Sequence[Look]) -> Pair:
    """Two arrays that do not fit, the wider one as scores: so that it is said why they do not."""
    first, second = looks
    wide = [len(each.found.shape or ()) for each in looks]
    return (second, first) if wide[1] > wide[0] else (first, second)


def _command(verb: str, pair: Pair, reading: Reading, end: str = "") -> str:
    """``calibrate fit LOGITS LABELS`` and the options that are needed."""
    scores, labels = pair
    words = ["calibrate", verb, shell_word(scores.name)]
    if labels is None:
        words.append("LABELS")
    elif labels.file != scores.file or labels.found.key != "labels":
        words.append(shell_word(labels.name))
    if reading.scores is not None:
        words.append(f"--scores {reading.scores}")
    if reading.task is not None:
        words.append(f"--task {reading.task}")
    if reading.label_offset:
        words.append(f"--label-offset {reading.label_offset}")
    if reading.ignore_label is not None:
        words.append(f"--ignore-label {reading.ignore_label}")
    return " ".join(words) + end


def _advice(seen: Sequence[_Seen], taken: Sequence[Taken]) -> str | None:
    """What is missing, where something is."""
    if taken and all(each.problem for each in taken):
        return None
    if any(each.labels for each in taken) or any(each.commands for each in seen):
        return None
    if taken:
        return "LABELS: a file with the class of each row"
    kinds = {look.found.kind for each in seen for look in each.looks}
    if kinds & {Kind.classes, Kind.yes_no, Kind.names, Kind.one_hot}:
        return "labels, perhaps, and no scores: name the file of the logits before this one"
    return None
