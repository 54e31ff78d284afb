"""One file, whatever it is: a file of arrays, or one of the JSON files that the commands write."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from calibrate.analyses.inspect.look import Look, look_at_column, looks_of, pair_in
from calibrate.calibrators.file import CalibratorFile
from calibrate.data.column import in_memory
from calibrate.data.readers.answers import Columns, holds_predictions, read_top_labels
from calibrate.data.readers.open import labels_beside, nearest_file, open_as, open_column
from calibrate.data.readers.registry import FORMATS, TABLES, Address
from calibrate.data.readers.signature import EMPTY, SPACED, UNKNOWN, Signature, signature_of
from calibrate.errors import InputError
from calibrate.files import check_regular, reading
from calibrate.files.writing import read_json
from calibrate.results.inspection import ArrayFound, ArrayKind, FileFound, Taken
from calibrate.results.json import decode
from calibrate.results.kinds import KINDS
from calibrate.results.report import Code, Fitted, Report
from calibrate.results.thresholds import Thresholds
from calibrate.tasks import Task
from calibrate.text import brief, listed, shell_word

HEAD = 1 << 12  # bytes in which the schema stands
OF_TORCH = (".pt", ".pth", ".bin")
OF_BYTES = (".npy", ".npz", ".safetensors", *OF_TORCH)  # which no text is
WORDS = {  # of those that no first bytes tell for sure
    ".csv": "table",
    ".csv.gz": "table, compressed",
    ".tsv": "table with tabs",
    ".tsv.gz": "table with tabs, compressed",
    ".json": "JSON objects, one per row",
    ".jsonl": "JSON objects, one per row",
    ".txt": "text, a line per row",
}


@dataclass(frozen=True)
class ReadAs(Address):
    """A file that is read under another suffix than its own."""

    read_as: str = ""

    @property
    def suffix(self) -> str:
        return self.read_as


@dataclass(frozen=True)
class InspectedFile:
    """A file, and what can be done with it.

    Attributes:
        file: what is said of it.
        looks: its arrays.
        taken, commands: of a file that is no file of arrays: what it is taken for, and is for.
    """

    file: FileFound
    looks: tuple[Look, ...] = ()
    taken: tuple[Taken, ...] = ()
    commands: tuple[str, ...] = ()


def seen(name: str) -> InspectedFile:
    """One file; whatever is wrong with it is in what is given back."""
    address = Address.of(name)
    try:
        if address.suffix in FORMATS and address.path.is_dir():
            return _arrays(address, Signature(f"{address.suffix.strip('./')} folder"))
        return _of_file(address) if address.path.is_file() else _of_no_file(address)
    except InputError as error:
        problem = str(error).removeprefix(f"{name}: ").removeprefix(f"{address.file}: ")
    except OSError as error:
        problem = f"cannot be read: {error.strerror or error}"
    return InspectedFile(FileFound(name, None, problem=problem))


def _of_no_file(address: Address) -> InspectedFile:
    """What is no single file: perhaps the name of several that are read as one.

    Raises:
        InputError: it is nothing that could be read.
    """
    if address.path.exists() and not address.path.is_dir():
        check_regular(address.path, address.file)
    name = address.name
    try:
        column = open_column(name, "logits")
    except InputError as error:
        if address.path.is_dir():
            why = str(error).partition(": ")[2] or str(error)
            raise InputError(f"{name}: a folder: {why}") from error
        if address.path.exists() or "*" in name or "," in name:
            raise
        near = nearest_file(address.path)
        raise InputError(f"{address.file}: no such file{near}") from error
    looks = [look_at_column(name, None, column)]
    with suppress(InputError):  # there are none beside
        looks.append(look_at_column(name, "labels", open_column(labels_beside(name), "labels")))
    arrays = tuple(each.found for each in looks)
    return InspectedFile(FileFound(name, "several files, read as one", arrays=arrays), tuple(looks))


def _of_file(address: Address) -> InspectedFile:
    path, name, suffix = address.path, address.file, address.suffix
    kind, size = signature_of(path, name), path.stat().st_size
    if kind.suffix in (".json", ".jsonl"):
        with reading(str(path), name) as file:
            head = file.read(HEAD).removeprefix(b"\xef\xbb\xbf").lstrip()
        if head.startswith(b"{") and b'"schema"' in head and b'"calibrate.' in head:
            return _own_file(FileFound(name, None, size), str(path))
    if kind.sure:
        other = FORMATS.get(kind.suffix or "") != FORMATS.get(suffix)
        if suffix in OF_TORCH and kind.suffix == ".pkl":  # of torch before 1.6
            other = False
        if kind.suffix is None:
            other = not kind.words.startswith(("zip archive", "gzip archive"))
    else:
        other = suffix in OF_BYTES and kind.suffix is not None
    if suffix in FORMATS and not other:
        return _arrays(address, kind)
    if kind.suffix in FORMATS:
        return _arrays(ReadAs(address.name, path, address.key, kind.suffix or ""), kind)
    if kind == UNKNOWN:
        raise InputError(
            f"{name}: {size:,} bytes of no kind that is known; expected a file ending in "
            f"{', '.join(FORMATS)}"
        )
    problem = "holds no arrays that could be read; save logits and labels with numpy.save"
    if kind.suffix is not None:
        problem = f"{kind.suffix} files are not read by this version"
    found = FileFound(name, kind.words, size, problem=None if kind == EMPTY else problem)
    return InspectedFile(found)


def _arrays(address: Address, kind: Signature) -> InspectedFile:
    """The arrays of a file of a known format."""
    path, name, table = address.path, address.file, address.suffix in TABLES
    renamed = address.suffix if isinstance(address, ReadAs) else None
    words = kind.words if kind.sure else WORDS.get(address.suffix, f"{address.suffix} file")
    size = path.stat().st_size if path.is_file() else None
    file = FileFound(name, words, size, suffix=renamed)
    if renamed is None:
        with suppress(InputError):  # what is wrong with it is said of its columns
            if holds_predictions(name, None):
                return _predictions(file, address)
    file, looks = looks_of(file, address)
    if kind.words.startswith("text in"):
        problem = f"its first bytes look like {kind.words}"
        return InspectedFile(replace(file, arrays=(), problem=problem))
    if not looks and len(file.arrays) == 1:  # nothing but what is wrong with it
        file = replace(file, arrays=(), problem=file.arrays[0].problem)
    elif kind == SPACED and not table and not file.problem:
        file = replace(file, problem="numbers with spaces between: write commas, as .csv has them")
    if renamed is not None:
        new = str(path.with_suffix(renamed))
        if path.suffix and (path.suffix.lower() not in FORMATS or Path(new).exists()):
            new = f"{path}{renamed}"
        looks = [replace(each, file=new) for each in looks]
        note = f"rename it to {Path(new).name}: by its suffix a file is known"
        file = replace(file, notes=(note, *file.notes))
    keys = [each.found.key for each in looks if each.found.key is not None]
    if len(looks) != 2 or not keys or pair_in(keys) != keys:
        return InspectedFile(file, tuple(looks))
    # the confidence in each answer, and whether it was right
    sure, right = looks
    file = replace(file, arrays=(_as_confidences(sure.found), right.found))
    rows = (sure.found.shape or (0,))[0]
    taken = Taken(sure.name, right.name, "confidence", rows, 1, "confidences", "right or wrong")
    both = f"{shell_word(sure.name)} {shell_word(right.name)} --task confidence"
    percent = " --percent" if 1 < (sure.found.high or 0.0) <= 100 else ""
    run = f"calibrate fit {shell_word(file.name) if table else both}{percent}"
    return InspectedFile(file, (), (taken,), (run,))


def _predictions(file: FileFound, address: Address) -> InspectedFile:
    """A table of predictions and confidences."""
    name, file = file.name, replace(file, format="table of predictions")
    try:
        rows = read_top_labels(name)
        true = open_as(address, Columns.true, text=True)
        columns = {
            "correct": in_memory(rows.correct, name),
            "confidence": in_memory(rows.confidence, name),
        }
        looks = [look_at_column(name, key, c) for key, c in {Columns.true: true, **columns}.items()]
    except InputError as error:
        return InspectedFile(replace(file, problem=str(error).removeprefix(f"{name}: ")))
    *others, sure = (each.found for each in looks)
    file = replace(file, arrays=(*others, _as_confidences(sure)))
    taken = Taken(name, None, "top-label", rows.n_rows, 1, "confidences", notes=rows.warnings)
    return InspectedFile(file, (), (taken,), (f"calibrate report {shell_word(name)}",))


def _as_confidences(found: ArrayFound) -> ArrayFound:
    return replace(found, kind=ArrayKind.confidences, labels=None)


# The JSON files that the commands write.


def _own_file(file: FileFound, path: str) -> InspectedFile:
    """A file of ours with what it says, and the commands that it is for."""
    try:
        content = read_json(path, "file of calibrate", "calibrate")
    except InputError:
        problem = "damaged or truncated JSON; write it again with the command that made it"
        return InspectedFile(replace(file, format="JSON file of calibrate", problem=problem))
    schema, name = content.get("schema"), shell_word(file.name)
    kinds: tuple[Any, ...] = (CalibratorFile, *KINDS)
    known = {kind.schema: kind for kind in kinds}
    if not isinstance(schema, str) or schema not in known:
        words = f"JSON file of schema {brief(schema)}, which this version does not know"
        return InspectedFile(replace(file, format=words))
    kind, noun = known[schema], schema.removeprefix("calibrate.").partition("/")[0]
    noun = noun if kind in (CalibratorFile, Report) else f"result ({noun})"
    file = replace(file, format=f"{noun}, written by `{kind.command}`")
    commands: tuple[str, ...] = ()
    try:
        match decode(kind, content, path):
            case CalibratorFile() as found:
                file = replace(file, facts=_of_calibrator(found))
                commands = (
                    f"calibrate report TEST TEST_LABELS -c {name}",
                    f"calibrate apply TEST -c {name}",
                )
            case Report() as found:
                file = replace(file, facts=_of_report(found))
            case Thresholds():
                commands = (f"calibrate apply TEST --thresholds {name}",)
            case _:
                commands = (f"calibrate render {name}",)
    except InputError as error:
        problem = str(error).removeprefix(f"{path}: ").removeprefix(f"{path}.")
        return InspectedFile(replace(file, problem=problem))
    return InspectedFile(file, commands=commands)


def _of_calibrator(file: CalibratorFile) -> dict[str, str]:
    """Version, parameters, and what is known of the fit."""
    about = file.fitted
    facts = {} if about.version is None else {"version of calibrate": about.version}
    facts |= _of_fitted(file.describe())
    sizes = {"classes": file.classes, "labels": file.labels, "rows of the fit": about.rows}
    facts |= {what: f"{n:,}" for what, n in sizes.items() if n is not None}
    return facts if about.nll is None else {**facts, "NLL of the fit": f"{about.nll:.4f}"}


def _of_report(report: Report) -> dict[str, str]:
    """The rows, the verdict, the ECE and the calibrator."""
    data = report.data
    facts = {
        "of": listed([data.logits, data.labels]),
        "rows": f"{data.rows:,}",
        "task": f"{data.task}, {data.classes:,} {Task(data.task).noun}",
    }
    if report.verdict is not None:
        code = report.verdict.code
        plain = "no miscalibration found" if code is Code.calibrated else code.replace("_", " ")
        facts["verdict"] = plain
    sides = [each for each in (report.metrics.before, report.metrics.after) if each is not None]
    ece = [side["ece"].value for side in sides if "ece" in side]
    shown = [f"{value:.4f}" for value in ece if value is not None]
    if shown:
        facts["ECE"] = " before, ".join(shown) + (" after" if len(shown) > 1 else "")
    return facts | (_of_fitted(report.calibrator) if report.calibrator else {})


def _of_fitted(fitted: Fitted) -> dict[str, str]:
    """The method and its parameters."""
    facts = {"method": fitted.method}
    if len(fitted.values) == 1:
        value, pair = fitted.values[0]
        interval = "" if pair is None else " [{:.4g}, {:.4g}]".format(*pair)
        facts[fitted.noun] = f"{value:.4g}{interval}"
    else:
        facts[fitted.noun] = listed(f"{value:.4g}" for value, _ in fitted.values)
    if fitted.converged is False:
        facts["converged"] = "no: do not rely on it"
    return facts
