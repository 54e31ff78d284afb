"""A command: groups of options spread into its signature, its answer printed, its errors told."""

from __future__ import annotations

import os
import re
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from copy import copy
from dataclasses import MISSING, dataclass, field, fields, is_dataclass
from inspect import Parameter, Signature, signature
from typing import TYPE_CHECKING, Annotated, Any, TextIO, get_type_hints

from typer.core import TyperCommand

from calibrate.cli.console import (
    Progress,
    check_memory,
    in_log,
    note,
    quieten_libraries,
    step_summary,
    warn,
)
from calibrate.cli.options import PrintOptions, RunOptions
from calibrate.errors import CalibrateError
from calibrate.files import Ledger, together, write_bytes

if TYPE_CHECKING:
    from calibrate.renderers.parts import Shown
    from calibrate.results.json import Result


PANELS = ("Arguments", "Input", "Method", "Limits", "Measurement", "Output", "Run")
MANY = 3  # files of a folder that are not named one by one


@dataclass(frozen=True)
class Answer:
    """What a command found and did.

    Attributes:
        result: to print; None where there is nothing.
        show: how to print it.
        about: what to say of a file that was written, after its name.
        warnings: what the user should know beside what the result says.
        notes: other lines for stderr.
        metrics: which of a report to print; None for all.
        aside: whether stdout is taken, so that the result goes to stderr.
        target: the file for what would be printed; None: it is printed.
        status: the exit status: 0 where all is well, 1 where a check failed.
    """

    result: Result | None = None
    show: PrintOptions | None = None
    about: Mapping[str, str] = field(default_factory=dict)
    warnings: Sequence[str] = ()
    notes: Sequence[str] = ()
    metrics: tuple[str, ...] | None = None
    aside: bool = False
    target: str | None = None
    status: int = 0

    def say(self, files: Ledger, *, quiet: bool = False) -> None:
        """Print the result where it belongs, what else there is to say, and then the files.

        Nothing is put in place before all else went well. A reader who has seen enough, as in
        ``| head -1``, is no failure: the files are wanted all the same. Warnings are printed also
        where it is to be ``quiet``, notes are not.
        """
        out, text, gone = sys.stderr if self.aside else sys.stdout, "", list[BrokenPipeError]()
        shown = self._shown(out)
        if self.result is not None and self.show is not None:
            from calibrate.renderers.formats import FORMATS

            text = FORMATS[self.show.format.value](self.result, shown)
            if self.show.format.value in ("text", "markdown") and self.target is None:
                text = in_log(text)
        if self.target is not None:
            write_bytes(self.target, text.encode(errors="replace"))
        files.check_inputs()
        with _ignoring_closed_pipes(gone):
            if self.target is None:
                out.write(text)
                out.flush()
        with _ignoring_closed_pipes(gone):
            warn((*getattr(self.result, "warnings", ()), *self.warnings))
            for line in () if quiet else self.notes:
                note(line)
        placed, removed = files.put_in_place()
        self._summarise(shown)
        with _ignoring_closed_pipes(gone):
            for verb, replaced in () if quiet else (("wrote", False), ("replaced", True)):
                names = _together([f.name for f in placed if f.replaced is replaced])
                if names:
                    note(f"{verb} {', '.join(name + self.about.get(name, '') for name in names)}")
            if removed and not quiet:
                note(f"removed {', '.join(removed)}, of an earlier run")
        if gone:
            raise gone[0]

    def _shown(self, out: TextIO) -> Shown:
        from calibrate.renderers.parts import Shown

        terminal = self.target is None and out.isatty()
        encoding = (out.encoding or "").lower().replace("-", "")
        return Shown(
            metrics=self.metrics,
            all=getattr(self.show, "everything", False),
            colour=terminal and "NO_COLOR" not in os.environ,
            diagram=getattr(self.show, "diagram", False),
            fine=terminal and encoding == "utf8",  # has characters for bars
        )

    def _summarise(self, shown: Shown) -> None:
        """Add to the page of a step in GitHub Actions, where that is asked for."""
        summary = step_summary(self.show.format if self.show else None)
        if summary is None or self.result is None:
            return
        from calibrate.renderers.formats import github

        found = github.summary(self.result, shown, summary.room)
        if found:
            summary.add(found)
        else:
            warn([f"{summary.path}: is full: a step may hold 1 MiB, and nothing was added"])


def _together(names: Sequence[str]) -> list[str]:
    """Names of files, those of a folder that got many of them as one."""
    folders = Counter(os.path.dirname(name) for name in names)
    found = []
    for name in names:
        folder = os.path.dirname(name)
        many = folder and folders[folder] >= MANY
        found.append(f"{folder}/ ({folders[folder]} files)" if many else name)
    return list(dict.fromkeys(found))


@contextmanager
def _ignoring_closed_pipes(gone: list[BrokenPipeError]) -> Iterator[None]:
    """Keep the error of a pipe that nobody reads any more in ``gone``."""
    try:
        yield
    except BrokenPipeError as error:
        gone.append(error)


def command(function: Callable[..., Answer]) -> Callable[..., int]:
    """A function for typer, with the fields of option groups as options of their own.

    A parameter whose type is a dataclass is a group: each of its fields becomes an option, and the
    function gets the group. Every command has the options of ``RunOptions``, and gives the exit
    status.
    """
    hints = get_type_hints(function, include_extras=True)
    hints.pop("return")
    defaults = signature(function).parameters
    parameters = list(_spread({**hints, "run": RunOptions}, defaults))
    options = dict(_options(parameters))

    def run(**values: Any) -> int:
        how: RunOptions = _built(RunOptions, values)
        if not how.debug:
            quieten_libraries()
        check_memory()
        given = {n: _built(kind, values) for n, kind in hints.items() if is_dataclass(kind)}
        with together() as files:
            try:
                for group in given.values():  # refused now rather than after the work
                    step_summary(getattr(group, "format", None))
                with Progress(quiet=how.quiet) as progress, how.running(progress):
                    answer = function(**given, **values)
            except CalibrateError as error:
                files.check_inputs()  # what is wrong with half a file is not worth a word
                raise type(error)(in_options(str(error), options)) from error
            answer.say(files, quiet=how.quiet)
        return answer.status

    run.__name__, run.__doc__ = function.__name__, function.__doc__
    run.__signature__ = Signature(parameters)  # type: ignore[attr-defined]  # as inspect allows
    run.__annotations__ = {p.name: p.annotation for p in parameters}
    return run


def _built(group: Any, values: dict[str, Any]) -> Any:
    """A group of options from the values of its fields, which are taken away."""
    return group(**{option.name: values.pop(option.name) for option in fields(group)})


def _spread(hints: dict[str, Any], own: Mapping[str, Parameter]) -> Iterator[Parameter]:
    """Return the parameters of a function, groups replaced by their fields, in panels of the help.

    An option that the function declares itself is about its output.
    """
    for name, kind in hints.items():
        if not is_dataclass(kind):
            default, kind = own[name].default, _in_panel(kind, "Output")
            yield Parameter(name, Parameter.KEYWORD_ONLY, default=default, annotation=kind)
            continue
        group: Any = kind
        of_group = get_type_hints(group, include_extras=True)
        for option in fields(group):
            default = Parameter.empty if option.default is MISSING else option.default
            annotation = _in_panel(of_group[option.name], group.panel)
            yield Parameter(
                option.name, Parameter.KEYWORD_ONLY, default=default, annotation=annotation
            )


def _in_panel(annotation: Any, panel: str) -> Any:
    """Return the annotation of an option, or of an argument, which is in a panel of its own."""
    about = copy(annotation.__metadata__[0])
    about.rich_help_panel = about.rich_help_panel or panel
    return Annotated[annotation.__origin__, about]


class PanelCommand(TyperCommand):
    """A command whose help lists options by their panels, in plain text."""

    def format_options(self, ctx: Any, formatter: Any) -> None:
        panels: dict[str, list[Any]] = {panel: [] for panel in PANELS}
        for each in self.get_params(ctx):
            record = each.get_help_record(ctx)
            if record is not None:
                argument = each.param_type_name == "argument"
                panel = "Arguments" if argument else getattr(each, "rich_help_panel", None)
                panels[panel or "Run"].append(record)
        for panel, records in panels.items():
            if records:
                with formatter.section(panel):
                    formatter.write_dl(records)


def _options(parameters: list[Parameter]) -> Iterator[tuple[str, str]]:
    """The longest name of the option behind each parameter; of an argument, its place-holder."""
    for parameter in parameters:
        (about,) = parameter.annotation.__metadata__
        declared = (
            about.default,
            *(about.param_decls or ()),
        )  # typer takes the first for a default
        names = [name for name in declared if isinstance(name, str)]
        place = (about.metavar or "").strip("[]")
        yield parameter.name, max(names, key=len, default=place)


def in_options(message: str, options: Mapping[str, str]) -> str:
    """A message that names arguments, as in ```scores="logits"```, with the options instead."""

    def said(found: re.Match[str]) -> str:
        name, value = found["name"], found["value"]
        option = options.get(name)
        if option is None or value is None:
            return option or found[0].strip("`")
        return option if value == "True" else f"{option} {value}"

    return re.sub(r'`(?P<name>[a-z_]+)(?:="?(?P<value>[^`"]*)"?)?`', said, message)
