"""calibrate apply"""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from calibrate.cli import options


def apply(
    logits: options.Logits,
    calibrator: Annotated[
        str | None, typer.Option("-c", "--calibrator", help="What `calibrate fit` wrote.")
    ] = None,
    temperature: Annotated[
        float | None, typer.Option("--temperature", help="A temperature in place of a file.")
    ] = None,
    output: Annotated[
        str | None,
        typer.Option(
            "-o", "--output", help="The .npy to write; - for stdout. Default: LOGITS.calibrated.npy"
        ),
    ] = None,
    kind: Annotated[
        options.OutputKind, typer.Option("--as", help="What to write.")
    ] = options.OutputKind.probabilities,
    scores: options.Scores = None,
    workers: options.Workers = None,
    debug: options.Debug = False,
) -> None:
    """Write the calibrated probabilities of all rows to a .npy file."""
    del debug  # read by the error handler
    import calibrate
    from calibrate.calibrators import Calibrator, apply_blocks, check_classes
    from calibrate.cli.console import Progress, note, warn
    from calibrate.npy_writer import write_npy
    from calibrate.output import check_distinct, check_writable, writing

    if (calibrator is None) == (temperature is None):
        raise calibrate.InputError("expected either -c calibrator.json or --temperature T")
    archive, colon, _ = logits.rpartition(".npz:")
    stem = archive if colon else logits.removesuffix(".npy").removesuffix(".npz")
    target = f"{stem}.calibrated.npy" if output is None else output
    if temperature is not None:
        method: Calibrator = calibrate.Temperature(temperature)
    else:
        method = calibrate.load(calibrator or "")
    if target != "-":
        check_distinct([target], [logits, calibrator])
        check_writable(target)
    with Progress() as progress:
        source = calibrate.open_source(
            logits, needs_labels=False, scores=scores and scores.value, workers=workers,
            on_rows=progress,
        )  # fmt: skip
        check_classes(method, source)
        warn(source.warnings)
        blocks = apply_blocks(method, source, kind.value, workers)
        shape = (source.n_rows, source.n_classes)
        if target == "-":
            write_npy(sys.stdout.buffer, shape, source.dtype, blocks)
        else:
            with writing(target) as file:
                write_npy(file, shape, source.dtype, blocks)
            note(f"wrote {target}: {kind.value}, {source.dtype} of shape {shape}")
