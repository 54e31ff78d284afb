"""What `calibrate check` finds in pyproject.toml or another file of settings."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

import typer

from calibrate.cli import options
from calibrate.cli.command import Answer, command
from calibrate.cli.report import AfterOptions, ReportRows, VoteOptions, of_logits, of_predictions
from calibrate.errors import InputError, check_known
from calibrate.files import read_text
from calibrate.text import brief, cut

if TYPE_CHECKING:
    from calibrate.analyses.checks import Requirements
    from calibrate.data.dataset import Dataset
    from calibrate.results.checks import Limit


PROJECT = "pyproject.toml"
SWITCHES = ("confident", "drift", "warn-only")
NUMBERS = ("alpha", "drift-size")
LARGEST = 1e300


@dataclass(frozen=True)
class CheckConfig:
    """The settings of a file: limits, and the values of other options by name."""

    limits: tuple[Limit, ...] = ()
    options: Mapping[str, Any] = field(default_factory=dict)

    @staticmethod
    def read(name: str | None) -> CheckConfig:
        """From a file; None: the section ``[tool.calibrate.check]`` of pyproject.toml in the
        working folder, if there is one.

        Raises:
            InputError: the file cannot be read, holds no such section, or one that is not
                understood.
        """
        path = name or PROJECT
        try:
            content = read_text(path)
        except FileNotFoundError as error:
            if name is None:
                return CheckConfig()
            raise InputError(f"{path}: no such file; see `config`") from error
        except OSError as error:
            raise InputError(f"{path}: cannot be read: {error.strerror}") from error
        except UnicodeDecodeError as error:
            raise InputError(f"{path}: expected TOML in UTF-8, found something else") from error
        if name is None and "calibrate" not in content:
            return CheckConfig()
        section, where = _section(_parsed(content, path), path, wanted=name is not None)
        return _of(section, where, Path(path).parent)


def _parsed(content: str, path: str) -> dict[str, Any]:
    name = "tomllib" if sys.version_info >= (3, 11) else "tomli"
    try:
        toml = import_module(name)
    except ImportError as error:
        raise InputError(
            f"{path}: Python {sys.version_info[0]}.{sys.version_info[1]} reads no TOML by itself; "
            "pip install tomli"
        ) from error
    try:
        found: dict[str, Any] = toml.loads(content)
    except (ValueError, RecursionError) as error:
        raise InputError(f"{path}: expected TOML, found something else: {error}") from error
    return found


def _section(content: dict[str, Any], path: str, *, wanted: bool) -> tuple[dict[str, Any], str]:
    """The settings and their place: ``[tool.calibrate.check]``, or ``[check]`` of a file of its
    own.
    """
    tool = content.get("tool")
    own = tool.get("calibrate") if isinstance(tool, dict) else None
    where = f"{path}: tool.calibrate"
    if own is None and Path(path).name != PROJECT:
        own, where = content, path
    if own is None:
        if wanted:
            raise InputError(f"{path}: expected a section [tool.calibrate.check], found none")
        return {}, where
    if not isinstance(own, dict):
        raise InputError(f"{where}: expected a table, found {brief(own)}")
    check_known(where if own is not content else f"{path}: sections", own, ("check",))
    section = own.get("check")
    if section is None and wanted:
        raise InputError(f"{path}: expected a section [check], found none")
    where = f"{where}.check" if own is not content else f"{path}: check"
    if section is not None and not isinstance(section, dict):
        raise InputError(f"{where}: expected a table, found {brief(section)}")
    return section or {}, where


def _of(section: dict[str, Any], where: str, folder: Path) -> CheckConfig:
    from calibrate.results.checks import BOUNDS, Limit

    check_known(where, section, (*BOUNDS, *SWITCHES, "against", *NUMBERS))
    limits: list[Limit] = []
    options: dict[str, Any] = {}
    for key, value in section.items():
        place = f"{where}.{key}"
        if key in BOUNDS:
            for name, number in _numbers(value, place):
                limits.append(Limit.of_name(key, name, number, place))
        elif key == "against":
            if not isinstance(value, str):
                raise InputError(f"{place}: expected the name of a file, found {brief(value)}")
            options["against"] = str(folder / value)
        elif key in SWITCHES:
            if not isinstance(value, bool):
                raise InputError(f"{place}: expected true or false, found {brief(value)}")
            options[key.replace("-", "_")] = value
        else:
            options[key.replace("-", "_")] = _number(value, place)
    return CheckConfig(tuple(limits), options)


def _numbers(table: Any, where: str, before: str = "") -> Iterator[tuple[str, float]]:
    """The names of limits with their numbers; ``change.nll = 0`` is a table within the table."""
    if not isinstance(table, dict):
        raise InputError(f"{where}: expected a table, as in {{ ece = 0.03 }}, found {brief(table)}")
    for key, value in table.items():
        name = f"{before}{key}"
        if isinstance(value, dict):
            yield from _numbers(value, where, f"{name}.")
        else:
            yield name, _number(value, f"{where}.{cut(name)}")


def _number(value: Any, where: str) -> float:
    if type(value) not in (int, float) or not abs(value) <= LARGEST:
        raise InputError(f"{where}: expected a number, found {brief(value)}")
    return float(value)


# calibrate check


EXAMPLE = "calibrate check LOGITS LABELS -c calibrator.json --max ece=0.03 --min accuracy=0.9"
WRITTEN = ("json", "markdown", "junit", "text")  # formats of -o


@dataclass(frozen=True, kw_only=True)
class GateOptions:
    """What is checked."""

    panel: ClassVar = "Limits"

    max: Annotated[
        list[str] | None,
        typer.Option(
            "--max",
            metavar="NAME=NUMBER",
            help="What a figure may be at most: ece=0.03, change.nll=0, ece@group:night=0.05. "
            "May be repeated.",
        ),
    ] = None
    min: Annotated[
        list[str] | None,
        typer.Option(
            "--min",
            metavar="NAME=NUMBER",
            help="What a figure must be at least: accuracy=0.9. May be repeated.",
        ),
    ] = None
    config: Annotated[
        str | None,
        typer.Option(
            "--config",
            help="A .toml file with a section [check]. Default: [tool.calibrate.check] of "
            "pyproject.toml, if there is one. Limits given here as options win.",
        ),
    ] = None
    confident: Annotated[
        bool | None,
        typer.Option(
            "--confident/--no-confident",
            help="A limit fails only where the whole 95 % interval is beyond it.",
            show_default=False,
        ),
    ] = None
    against: Annotated[
        str | None,
        typer.Option(
            "--against",
            metavar="REPORT",
            help="An earlier report.json, or its folder: fail where a figure is worse by more than "
            "chance.",
        ),
    ] = None
    drift: Annotated[
        bool,
        typer.Option(
            "--drift", help="Fail where these rows want another T than the calibrator has."
        ),
    ] = False
    alpha: Annotated[
        float | None,
        typer.Option("--alpha", help="The p-value below which T has drifted. Default: 0.01."),
    ] = None
    drift_size: Annotated[
        float | None,
        typer.Option(
            "--drift-size", help="And by how much, as a share of T, at least. Default: 0.05."
        ),
    ] = None
    warn_only: Annotated[
        bool, typer.Option("--warn-only", help="Tell what failed, with exit status 0.")
    ] = False

    def merged(self, config: CheckConfig) -> GateOptions:
        """The same, with what a file of settings says where no option does."""
        given: dict[str, Any] = {
            name: value
            for name, value in config.options.items()
            if getattr(self, name) is None or (name in ("drift", "warn_only") and value)
        }
        return replace(self, **given)

    def asked(self, config: CheckConfig) -> Requirements:
        """What is checked, after ``merged``.

        Raises:
            InputError: nothing is, or it cannot be.
        """
        from calibrate.analyses.checks import Drift, Requirements
        from calibrate.results.checks import Limit

        drift = Drift()
        if self.alpha is not None:
            drift = replace(drift, alpha=self.alpha)
        if self.drift_size is not None:
            drift = replace(drift, size=self.drift_size)
        own = [Limit.of_text("max", text) for text in self.max or ()]
        own += [Limit.of_text("min", text) for text in self.min or ()]
        names = [(limit.bound, limit.name) for limit in own]
        for (bound, name), times in Counter(names).items():
            if times > 1:
                raise InputError(f"`{bound}` {name}: expected one limit, got several")
        found = {(each.bound, each.name): each for each in (*config.limits, *own)}  # own ones win
        limits = tuple(found.values())
        if not limits and self.against is None and not self.drift:
            raise InputError(f"nothing to check; give a limit, as in: {EXAMPLE}")
        return Requirements(limits, bool(self.confident), drift if self.drift else None)


Output = Annotated[
    str | None,
    typer.Option(
        "-o", "--output", help="A file for the result, too: .json, .xml (JUnit), .md or .txt."
    ),
]


@command
def check(
    rows: ReportRows,
    after: AfterOptions,
    gate: GateOptions,
    measure: VoteOptions,
    show: options.ScreenOptions,
    output: Output = None,
) -> Answer:
    """Fail, with exit status 1, where calibration is not what it should be."""
    from calibrate.analyses.checks import Earlier, judge, paired_changes
    from calibrate.calibrators.file import load
    from calibrate.cli.console import recognised
    from calibrate.cli.files import check_outputs
    from calibrate.files import write_bytes
    from calibrate.renderers.documents.check import reason
    from calibrate.renderers.formats import FORMATS, format_of
    from calibrate.renderers.parts import Shown
    from calibrate.results.checks import Outcome

    format = None if output is None else format_of(output, WRITTEN)
    if output is not None and format is None:
        suffixes = ", ".join(FORMATS[name].suffix for name in WRITTEN)
        raise InputError(f"{output}: expected the name of a file that ends in {suffixes}")
    check_outputs([output])
    config = CheckConfig.read(gate.config)
    gate = gate.merged(config)
    asked, rows = gate.asked(config), rows.named
    earlier = None if gate.against is None else Earlier.read(gate.against)
    notes = list[str]()
    bootstrap = measure.bootstrap if asked.resampled else 0
    settings = measure.settings(bootstrap=bootstrap, votes=measure.votes, only=asked.only)
    dataset: Dataset | None = None
    if rows.are_predictions:
        report = of_predictions(rows, after, measure, settings)
    else:
        report, dataset = of_logits(rows, after, measure, settings)
        notes = recognised(dataset)
    change = None
    if earlier is not None:
        given = after.given
        through = load(given) if isinstance(given, str) else given
        change = paired_changes(report, earlier, dataset, through)
    found = replace(judge(report, asked, earlier, change), warn_only=gate.warn_only)
    if format is not None and output is not None:
        text = FORMATS[format](found, Shown(all=True))
        write_bytes(output, text.encode(errors="backslashreplace"))
    status = 0 if found.passed or found.warn_only else 1
    told = list[str]()  # for the log of a build whose stdout goes elsewhere
    if show.format.value not in ("text", "github"):
        told = [reason(check, found) for check in found.with_outcome(Outcome.failed)]
    return Answer(found, show, notes=notes, warnings=told, status=status)
