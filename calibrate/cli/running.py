"""The options that every command has: how the work is run."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from calibrate.cli.console import Progress


@dataclass(frozen=True, kw_only=True)
class RunOptions:
    """How the work is run."""

    workers: Annotated[
        int | None,
        typer.Option(
            "--workers", min=1, help="Threads. Default: one per core. Results never depend on it."
        ),
    ] = None
    quiet: Annotated[
        bool,
        typer.Option("-q", "--quiet", help="Only the result, warnings and errors; no notes."),
    ] = False
    spool: Annotated[
        str | None,
        typer.Option(
            "--spool",
            metavar="DIR",
            help="Where numbers of large text files are kept meanwhile. Default: CALIBRATE_SPOOL, "
            "or the system's temporary folder.",
        ),
    ] = None
    debug: Annotated[
        bool, typer.Option("--debug", help="Show the traceback of an error.", hidden=True)
    ] = False

    def running(self, progress: Progress) -> ExitStack:
        """What runs the passes of the command."""
        from calibrate.blocks.scheduler import running
        from calibrate.data.spool import spooling

        both = ExitStack()
        both.enter_context(spooling(self.spool))
        both.enter_context(running(workers=self.workers, progress=progress, began=progress.began))
        return both
