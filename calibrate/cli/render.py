"""calibrate render"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Annotated

import typer

from calibrate.cli import options
from calibrate.cli.command import Answer, command
from calibrate.cli.options import metric_names
from calibrate.cli.report import ReportShow
from calibrate.renderers.formats import CHOICES, FORMATS, format_of, help_of_formats

SUFFIXES = ", ".join(FORMATS[name].suffix for name in CHOICES if FORMATS[name].suffix)


@dataclass(frozen=True, kw_only=True)
class RenderOptions(ReportShow):
    """How a result is shown, and where."""

    format: Annotated[
        options.OutputFormat | None,
        typer.Option(
            "--format",
            help=f"How to show the result. {help_of_formats()} Default: by the name of the output "
            f"({SUFFIXES}), else text.",
        ),
    ] = None  # type: ignore[assignment]  # told from the output, see ``chosen``
    output: Annotated[
        str | None, typer.Option("-o", "--output", help="The file to write. Default: stdout.")
    ] = None

    @property
    def chosen(self) -> RenderOptions:
        """The same with a format."""
        named = options.OutputFormat(format_of(self.output or "") or "text")
        return replace(self, format=self.format or named)


@command
def render(
    result: Annotated[
        str,
        typer.Argument(
            metavar="RESULT",
            help="A .json that report, check, compare, thresholds, targets, clusters or inspect "
            "wrote.",
        ),
    ],
    show: RenderOptions,
    metrics: options.Metrics = None,
) -> Answer:
    """Show a result in any format, from its JSON alone."""
    from calibrate.cli.files import check_outputs
    from calibrate.results.kinds import read_any

    shown = metric_names(metrics)
    check_outputs([show.output])
    found = read_any(result)
    return Answer(found, show.chosen, metrics=shown, target=show.output)
