"""The JSON files that the commands write: which of them one is, and what it says."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from calibrate.analyses.inspect.look import Look, dtype_of, is_pair, look_at, looks_of, of_array
from calibrate.calibrators.file import CalibratorFile
from calibrate.data.columns import Column
from calibrate.data.readers.answers import Columns, holds_predictions, read_top_labels
from calibrate.data.readers.open import labels_beside, nearest_file, open_as, open_column
from calibrate.data.readers.registry import FORMATS, TABLES, Address
from calibrate.data.readers.rescue import remains
from calibrate.data.readers.signature import EMPTY, SPACED, UNKNOWN, Signature, signature_of
from calibrate.errors import InputError
from calibrate.files import check_regular, reading
from calibrate.files.writing import read_json
from calibrate.results.checks import Checks
from calibrate.results.clusters import ClusterReport
from calibrate.results.comparison import Comparison
from calibrate.results.inspection import ArrayFound, ArrayKind, FileFound, Inspection, Taken
from calibrate.results.json import decode
from calibrate.results.report import Code, Fitted, Report
from calibrate.results.targets import TargetReport
from calibrate.results.thresholds import Thresholds
from calibrate.tasks import Task
from calibrate.text import brief, listed, shell_word

HEAD = 1 << 12  # bytes in which the schema stands
KINDS: dict[str, Any] = {
    kind.schema: kind
    for kind in (
        CalibratorFile,
        Report,
        Comparison,
        TargetReport,
        Thresholds,
        ClusterReport,
        Inspection,
        Checks,
    )
}
OURS = b'"calibrate.'


def is_ours(path: str, name: str) -> bool:
    """Whether a file starts like one that a command wrote.

    Raises:
        OSError: it cannot be read.
    """
    with reading(path, name) as file:
        head = file.read(HEAD).removeprefix(b"\xef\xbb\xbf").lstrip()
    return head.startswith(b"{") and b'"schema"' in head and OURS in head


def own_file(file: FileFound, path: str) -> tuple[FileFound, tuple[str, ...]]:
    """A file of ours with what it says, and the commands that it is for."""
    try:
        content = read_json(path, "file of calibrate", "calibrate")
    except InputError:
        problem = "damaged or truncated JSON; write it again with the command that made it"
        return replace(file, format="JSON file of calibrate", problem=problem), ()
    schema = content.get("schema")
    kind = KINDS.get(schema) if isinstance(schema, str) else None
    if kind is None:
        known = f"{brief(schema)}, which this version does not know"
        return replace(file, format=f"JSON file of schema {known}"), ()
    words = f"{_noun(kind)}, written by `{kind.command}`"
    version = content.get("version")
    if kind is CalibratorFile and isinstance(content.get("fitted"), dict):
        version = content["fitted"].get("version")
    facts = {} if not isinstance(version, str) else {"version of calibrate": version}
    try:
        found = decode(kind, content, path)
        if kind is CalibratorFile:
            found.build(path)
        facts |= _facts(found)
    except InputError as error:
        problem = str(error).removeprefix(f"{path}: ").removeprefix(f"{path}.")
        return replace(file, format=words, facts=facts, problem=problem), ()
    return replace(file, format=words, facts=facts), _commands(found, file.name)


def _noun(kind: Any) -> str:
    noun: str = kind.schema.removeprefix("calibrate.").partition("/")[0]
    return noun if kind in (CalibratorFile, Report) else f"result ({noun})"


def _commands(found: Any, name: str) -> tuple[str, ...]:
    """What such a file is for."""
    name = shell_word(name)
    match found:
        case CalibratorFile():
            return (
                f"calibrate report TEST TEST_LABELS -c {name}",
                f"calibrate apply TEST -c {name}",
            )
        case Thresholds():
            return (f"calibrate apply TEST --thresholds {name}",)
    return ()


def _facts(found: Any) -> dict[str, str]:
    """What a file says, by what it is about."""
    match found:
        case CalibratorFile(fitted=about):
            facts = _of_fitted(found.describe())
            sizes = {"classes": found.classes, "labels": found.labels}
            sizes |= {"rows of the fit": about.rows}
            facts |= {what: f"{n:,}" for what, n in sizes.items() if n is not None}
            if about.nll is not None:
                facts["NLL of the fit"] = f"{about.nll:.4f}"
            return facts
        case Report():
            return _of_report(found)
        case Comparison():
            names = listed(model.name for model in found.models)
            return {"models": names, "rows": f"{found.data.rows:,}"}
        case Thresholds():
            each = listed(f"{label.name}: {label.threshold:.4g}" for label in found.labels)
            return {"task": str(found.task), "goal": str(found.goal), "thresholds": each}
        case TargetReport():
            data = found.data
            of = listed(name for name in (data.labels, data.teacher) if name)
            return {"of": of, "rows": f"{data.rows:,}"}
        case ClusterReport():
            names = listed(model.name for model in found.models)
            return {"models": names, "rows": f"{found.data.rows:,}"}
        case Checks():
            out = "passed" if found.passed else "failed"
            return {"of": found.data.logits, "checks": f"{len(found.checks)}, {out}"}
        case Inspection():
            return {"files": listed(each.name for each in found.files)}
    return {}


def _of_report(report: Report) -> dict[str, str]:
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
    ece = [metrics["ece"].value for metrics in _sides(report) if "ece" in metrics]
    shown = [f"{value:.4f}" for value in ece if value is not None]
    if shown:
        facts["ECE"] = " before, ".join(shown) + (" after" if len(shown) > 1 else "")
    return facts | (_of_fitted(report.calibrator) if report.calibrator else {})


def _sides(report: Report) -> list[Any]:
    sides = (report.metrics.before, report.metrics.after)
    return [metrics for metrics in sides if metrics is not None]


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


# One file, whatever it is: by its suffix, or by its first bytes where these say otherwise.


RESCUED = (".npy", ".npz")
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
            raise InputError(f"{name}: a folder: {_after_name(error)}") from error
        if address.path.exists() or "*" in name or "," in name:
            raise
        near = nearest_file(address.path)
        raise InputError(f"{address.file}: no such file{near}") from error
    looks = [_looked_at(name, None, column)]
    with suppress(InputError):  # there are none beside
        looks.append(_looked_at(name, "labels", open_column(labels_beside(name), "labels")))
    arrays = tuple(each.found for each in looks)
    return InspectedFile(FileFound(name, "several files, read as one", arrays=arrays), tuple(looks))


def _looked_at(name: str, key: str | None, column: Column) -> Look:
    found = look_at(ArrayFound(key, column.shape, dtype_of(column)), column)
    return Look(name, None, column, found)


def _after_name(error: Exception) -> str:
    return str(error).partition(": ")[2] or str(error)


def _of_file(address: Address) -> InspectedFile:
    path, name = address.path, address.file
    kind, size = signature_of(path, name), path.stat().st_size
    if kind.suffix in (".json", ".jsonl") and is_ours(str(path), name):
        file, commands = own_file(FileFound(name, None, size), str(path))
        return InspectedFile(file, commands=commands)
    known = address.suffix in FORMATS
    if known and not _contradicts(kind, address.suffix):
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
    return InspectedFile(
        FileFound(name, kind.words, size, problem=None if kind == EMPTY else problem)
    )


def _contradicts(kind: Signature, suffix: str) -> bool:
    """Whether the bytes say surely that a file is not what its suffix says."""
    if not kind.sure:  # a text
        return suffix in OF_BYTES and kind.suffix is not None
    if kind.suffix is None:
        return not kind.words.startswith(("zip archive", "gzip archive"))
    if suffix in OF_TORCH and kind.suffix == ".pkl":  # of torch before 1.6
        return False
    return FORMATS.get(kind.suffix) != FORMATS[suffix]


def _arrays(address: Address, kind: Signature) -> InspectedFile:
    """The arrays of a file of a known format."""
    path, name = address.path, address.file
    renamed = address.suffix if isinstance(address, ReadAs) else None
    words = kind.words if kind.sure else WORDS.get(address.suffix, f"{address.suffix} file")
    size = path.stat().st_size if path.is_file() else None
    file = FileFound(name, words, size, suffix=renamed)
    if renamed is None and _holds_predictions(address):
        return _predictions(file, address)
    file, looks = looks_of(file, address)
    if kind.words.startswith("text in"):
        return InspectedFile(
            replace(file, arrays=(), problem=f"its first bytes look like {kind.words}")
        )
    if not looks and (file.problem or any(each.problem for each in file.arrays)):
        file = _rescued(file, address)
    elif kind == SPACED and address.suffix not in TABLES:
        file = replace(file, problem="numbers with spaces between: write commas, as .csv has them")
    if renamed is not None:
        new = _renamed(path, renamed)
        looks = [replace(each, file=new) for each in looks]
        note = f"rename it to {Path(new).name}: by its suffix a file is known"
        file = replace(file, notes=(note, *file.notes))
    pair = _of_pair(file, looks, table=address.suffix in TABLES)
    return pair or InspectedFile(file, tuple(looks))


def _renamed(path: Path, suffix: str) -> str:
    """A name that ends in a suffix, and is not taken."""
    short = path.with_suffix(suffix)
    wrong = path.suffix.lower() in FORMATS and not short.exists()
    return str(short) if wrong or not path.suffix else f"{path}{suffix}"


def _of_pair(file: FileFound, looks: list[Look], *, table: bool) -> InspectedFile | None:
    """The confidence in each answer and whether it was right; None of any other arrays."""
    if len(looks) != 2 or not is_pair([each.found.key for each in looks]):
        return None
    sure, right = looks
    file = replace(file, arrays=(_as_confidences(sure.found), right.found))
    rows = (sure.found.shape or (0,))[0]
    taken = Taken(sure.name, right.name, "confidence", rows, 1, "confidences", "right or wrong")
    both = f"{shell_word(sure.name)} {shell_word(right.name)} --task confidence"
    percent = " --percent" if 1 < (sure.found.high or 0.0) <= 100 else ""
    run = f"calibrate fit {shell_word(file.name) if table else both}{percent}"
    return InspectedFile(file, (), (taken,), (run,))


def _as_confidences(found: ArrayFound) -> ArrayFound:
    return replace(found, kind=ArrayKind.confidences, labels=None)


def _rescued(file: FileFound, address: Address) -> FileFound:
    """A file of which nothing can be read as it should be, with what is left of it."""
    if len(file.arrays) == 1:
        file = replace(file, arrays=(), problem=file.arrays[0].problem)
    notes: list[str] = []
    if address.suffix in RESCUED and file.problem:
        left = remains(address.path, file.name, address.suffix)
        notes = [f"what is left: {each}" for each in left]
    return replace(file, notes=(*file.notes, *notes))


def _holds_predictions(address: Address) -> bool:
    """Whether a table holds predictions; what is wrong with one is said of its columns."""
    try:
        return holds_predictions(address.file, None)
    except InputError:
        return False


def _predictions(file: FileFound, address: Address) -> InspectedFile:
    """A table of predictions and confidences."""
    name, file = file.name, replace(file, format="table of predictions")
    try:
        rows = read_top_labels(name)
        true = _looked_at(name, Columns.true, open_as(address, Columns.true, text=True))
    except InputError as error:
        return InspectedFile(replace(file, problem=str(error).removeprefix(f"{name}: ")))
    sure = _as_confidences(of_array(name, "confidence", rows.confidence).found)
    right = of_array(name, "correct", rows.correct).found
    file = replace(file, arrays=(true.found, right, sure))
    taken = Taken(name, None, "top-label", rows.n_rows, 1, "confidences", notes=rows.warnings)
    return InspectedFile(file, (), (taken,), (f"calibrate report {shell_word(name)}",))
