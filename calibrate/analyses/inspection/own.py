"""The JSON files that the commands write: which of them one is, and what it says."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from calibrate.calibrators.file import CalibratorFile
from calibrate.errors import InputError
from calibrate.files import reading
from calibrate.files.json import read_json
from calibrate.printable import brief, listed, shell_word
from calibrate.results.checks import Checks
from calibrate.results.clusters import ClusterReport
from calibrate.results.comparison import Comparison
from calibrate.results.inspection import FileFound, Inspection
from calibrate.results.json import decode
from calibrate.results.report import Fitted, Report
from calibrate.results.targets import TargetReport
from calibrate.results.thresholds import Thresholds
from calibrate.results.verdict import Code
from calibrate.tasks import Task

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
    if fitted.temperature is not None:
        interval = "" if fitted.interval is None else " [{:.4g}, {:.4g}]".format(*fitted.interval)
        facts["T"] = f"{fitted.temperature:.4g}{interval}"
    elif fitted.temperatures:
        facts["T"] = listed(f"{t:.4g}" for t, _ in fitted.temperatures)
    if fitted.converged is False:
        facts["converged"] = "no: do not rely on it"
    return facts
