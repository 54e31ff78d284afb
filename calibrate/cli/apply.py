"""calibrate apply"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from calibrate.cli import options

if TYPE_CHECKING:
    from collections.abc import Iterator

    from calibrate.blocks.block import AnyArray


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
    thresholds: Annotated[
        str | None,
        typer.Option(
            "--thresholds",
            help="What `calibrate thresholds` wrote: decisions, 0 or 1, in place of probabilities.",
        ),
    ] = None,
    scores: options.Scores = None,
    task: options.Task = None,
    workers: options.Workers = None,
    debug: options.Debug = False,
) -> None:
    """Write the calibrated probabilities of all rows to a .npy file."""
    del debug  # read by the error handler
    import numpy as np

    import calibrate
    from calibrate.analyses.thresholds.decisions import check_calibrator, decision_blocks
    from calibrate.analyses.thresholds.file import load_thresholds
    from calibrate.calibrators import (
        Calibrator,
        apply_blocks,
        check_classes,
    )
    from calibrate.cli.console import Progress, note, warn
    from calibrate.data.npy_writer import write_npy
    from calibrate.files import check_distinct, check_writable, writing

    if (calibrator is None) == (temperature is None) and (thresholds is None or calibrator):
        raise calibrate.InputError("expected either -c calibrator.json or --temperature T")
    archive, colon, _ = logits.rpartition(".npz:")
    stem = archive if colon else logits.removesuffix(".npy").removesuffix(".npz")
    target = f"{stem}.calibrated.npy" if output is None else output
    if calibrator is not None:
        method: Calibrator = calibrate.load(calibrator)
    else:
        method = calibrate.Temperature(1.0 if temperature is None else temperature)
    chosen = None if thresholds is None else load_thresholds(thresholds)
    if chosen is not None:
        check_calibrator(chosen, method, thresholds or "")
        if kind is not options.OutputKind.probabilities:
            raise calibrate.InputError("expected either --thresholds or --as, got both")
    if target != "-":
        check_distinct([target], [logits, calibrator, thresholds])
        check_writable(target)
    many = method.n_labels is not None or (chosen and chosen.task == "multilabel")
    if task is None and many:
        task = options.TaskKind.multilabel
    with Progress() as progress:
        dataset = calibrate.open_source(
            logits, needs_labels=False, scores=scores and scores.value, task=task and task.value,
            workers=workers, on_rows=progress,
        )  # fmt: skip
        check_classes(method, dataset)
        warn(dataset.warnings)
        blocks: Iterator[AnyArray] = apply_blocks(method, dataset, kind.value, workers)
        what, dtype, shape = kind.value, dataset.dtype, dataset.shape
        if chosen is not None:
            blocks = decision_blocks(dataset, chosen, method, workers)
            what, dtype = "decisions", np.dtype(np.uint8)
        if target == "-":
            write_npy(sys.stdout.buffer, shape, dtype, blocks)
        else:
            with writing(target) as file:
                write_npy(file, shape, dtype, blocks)
            note(f"wrote {target}: {what}, {dtype} of shape {shape}")
