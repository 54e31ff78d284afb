"""The command line: the app, and how errors leave it."""

from __future__ import annotations

import gc
import io
import os
import signal
import sys
from importlib import import_module
from typing import Annotated, Any, TextIO

import typer
from typer.core import TyperGroup

from calibrate.cli.command import PanelCommand
from calibrate.cli.console import in_log
from calibrate.errors import CalibrateError
from calibrate.text import one_line

COMMANDS = (
    *("fit", "apply", "report", "check", "compare", "targets", "thresholds", "clusters"),
    *("inspect", "render"),
)


class _Commands(TyperGroup):
    """The commands, each imported when it is asked for: only ``--help`` needs them all."""

    def list_commands(self, _: Any) -> list[str]:
        return list(COMMANDS)

    def get_command(self, _: Any, name: str) -> Any:
        if name not in COMMANDS:
            return None
        found = getattr(import_module(f"calibrate.cli.{name}"), name)
        if not isinstance(found, typer.Typer):
            function, found = found, typer.Typer(rich_markup_mode=None)
            found.command(name, cls=PanelCommand)(function)
        found._add_completion = False
        return typer.main.get_command(found)


app = typer.Typer(
    cls=_Commands,
    invoke_without_command=True,
    rich_markup_mode=None,
    help="Can I trust these confidences? Post-hoc calibration of saved logits.",
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _print_version(wanted: bool) -> None:
    if wanted:
        from calibrate.version import package_version

        typer.echo(f"calibrate {package_version()}")
        raise typer.Exit


@app.callback()
def _top(
    context: typer.Context,
    version: Annotated[
        bool,
        typer.Option(
            "-V", "--version", callback=_print_version, is_eager=True, help="Show the version."
        ),
    ] = False,
) -> None:
    del version  # the callback has printed it
    if context.invoked_subcommand is None:
        typer.echo(context.get_help(), err=True)
        raise typer.Exit(2)


def main() -> None:
    """Run the command line; every error is one line on stderr."""
    gc.set_threshold(100_000, 50, 50)  # imports make no garbage worth looking for
    os.environ.pop("MPLBACKEND", None)  # a notebook sets one that may not be installed here
    _prepare_streams()
    _leave_in_order("SIGTERM", "SIGHUP")
    try:
        code = app(standalone_mode=False)
        sys.stdout.flush()
        if code == 130:  # how typer reports Ctrl-C from 0.29 on
            code = _say("interrupted", 130)
    except BrokenPipeError:
        code = _unheard()
    except SystemExit as leaving:  # typer leaves with 1 where a pipe was closed
        code = _unheard() if isinstance(leaving.__context__, BrokenPipeError) else leaving.code
    except (typer.Abort, KeyboardInterrupt):
        code = _say("interrupted", 130)
    except Exception as error:
        if "--debug" in sys.argv:
            raise
        code = _say(_explained(error), 2)
    sys.exit(code if isinstance(code, int) else 0)


def _leave_in_order(*names: str) -> None:
    """Signals end the process by an exception, so that unfinished files are removed.

    Those that are ignored, as by ``nohup``, stay so; some systems lack some.
    """
    for name in names:
        number = getattr(signal, name, None)
        if number is not None and signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, lambda number, _: sys.exit(128 + number))


def _unheard() -> int:
    """The reader of a pipe has gone: nothing is left to say, and nothing fails for it."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except OSError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
    return 141


def _prepare_streams() -> None:
    """Closed streams swallow what is written; names that they cannot show are escaped."""
    sys.stdout, sys.stderr = sys.stdout or _nowhere(), sys.stderr or _nowhere()
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def _nowhere() -> TextIO:
    return open(os.devnull, "w")


def _explained(error: Exception) -> str:
    if isinstance(error, CalibrateError):
        return str(error)
    if hasattr(error, "format_message"):  # a usage error of the command line
        context = getattr(error, "ctx", None)
        where = context.command_path if context else "calibrate"
        return f"{error.format_message().rstrip('.')}; see {where} --help"
    if isinstance(error, OSError):
        name = f"{error.filename}: " if error.filename else "output: "
        return f"{name}{error.strerror or error}"
    if isinstance(error, MemoryError):
        what = f" ({error})" if str(error) else ""
        return f"out of memory{what}; try fewer --workers, or fewer rows"
    if isinstance(error, ImportError):
        return (
            f"a library cannot be loaded: {error}; is there enough memory, is it installed whole?"
        )
    if isinstance(error, RuntimeError) and "start new thread" in str(error):
        return "no thread can be started; try --workers 1"
    if isinstance(error, RuntimeError) and "Symlink loop" in str(error):  # an OSError from 3.13 on
        return f"{error}: expected a file, found a link that leads back to itself"
    return f"internal error: {type(error).__name__}: {error}; run again with --debug and report it"


def _say(message: str, code: int) -> int:
    try:
        sys.stderr.write(f"calibrate: {in_log(one_line(message))}\n")
        sys.stdout = _nowhere()  # nothing may fail after this
    except OSError:
        pass
    return code
