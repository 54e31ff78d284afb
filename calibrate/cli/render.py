"""calibrate render"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated

import typer

from calibrate.cli import options
from calibrate.cli.command import Answer, command
from calibrate.cli.options import metric_names
from calibrate.cli.report import ReportShow

SUFFIXES = {
    ".md": options.OutputFormat.markdown,
    ".xml": options.OutputFormat.junit,
    ".html": options.OutputFormat.html,
    ".json": options.OutputFormat.json,
    ".txt": options.OutputFormat.text,
}


@dataclass(frozen=True, kw_only=True)
class RenderOptions(ReportShow):
    """How a result is shown, and where."""

    format: Annotated[
        options.OutputFormat | None,
        typer.Option(
            "--format",
            help="How to show the result. github: annotations, and a summary of the step in "
            "GITHUB_STEP_SUMMARY. Default: by the name of the output (.md, .html, .xml, .json, "
            ".txt), else text.",
        ),
    ] = None  # type: ignore[assignment]  # told from the output, see ``chosen``
    output: Annotated[
        str | None, typer.Option("-o", "--output", help="The file to write. Default: stdout.")
    ] = None

    @property
    def chosen(self) -> RenderOptions:
        """The same with a format."""
        suffix = Path(self.output or "").suffix.lower()
        return replace(self, format=self.format or SUFFIXES.get(suffix, options.OutputFormat.text))


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
