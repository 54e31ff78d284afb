"""calibrate apply"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Annotated

import typer

from calibrate.cli import options
from calibrate.cli.command import Answer, command
from calibrate.cli.options import ThroughOptions

if TYPE_CHECKING:
    from collections.abc import Iterator

    from calibrate.arrays import AnyArray
    from calibrate.calibrators.protocol import Calibrator
    from calibrate.data.dataset import Dataset

    Blocks = Iterator[AnyArray]


@dataclass(frozen=True, kw_only=True)
class ApplyOptions(ThroughOptions):
    """What the scores go through."""

    thresholds: Annotated[
        str | None,
        typer.Option(
            "--thresholds",
            help="What `calibrate thresholds` wrote: decisions, 0 or 1, in place of probabilities.",
        ),
    ] = None

    def chosen(self) -> tuple[Calibrator, tuple[str, ...]]:
        """The calibrator and what to warn of; thresholds may do with none."""
        import calibrate

        found, warnings = self.opened()
        if found is None and self.thresholds is None:
            raise calibrate.InputError("expected either -c calibrator.json or --temperature T")
        return found or calibrate.Temperature(1.0), warnings


def _write(target: str, dataset: Dataset, what: str, dtype: str, blocks: Blocks) -> None:
    """A .npy, or a .csv of confidences in answers."""
    from calibrate.blocks.passes import doing
    from calibrate.cli.files import check_suffix
    from calibrate.data.writing import write_column_to, write_npy_to
    from calibrate.tasks import Task

    answers = dataset.task is Task.confidence
    check_suffix(target, [".npy", ".csv"] if answers else [".npy"])
    with doing("writing"):
        if answers and target.lower().endswith(".csv"):
            write_column_to(target, "confidence" if what == "probabilities" else what, blocks)
        else:
            write_npy_to(target, dataset.layout.shape, dtype, blocks)


@command
def apply(
    logits: options.LogitsFile,
    through: ApplyOptions,
    read: options.UnlabelledOptions,
    output: Annotated[
        str | None,
        typer.Option(
            "-o",
            "--output",
            help="The .npy to write, or the .csv of confidences; - for stdout. "
            "Default: LOGITS.calibrated.npy",
        ),
    ] = None,
    kind: Annotated[
        options.ScoresKind, typer.Option("--as", help="What to write.")
    ] = options.ScoresKind.probabilities,
) -> Answer:
    """Write the calibrated probabilities of all rows to a .npy file."""
    import calibrate
    from calibrate.analyses.thresholds.choose import check_calibrator, decision_blocks
    from calibrate.calibrators.apply import apply_blocks
    from calibrate.cli.files import check_outputs
    from calibrate.data.readers.several import stem_of
    from calibrate.results.json import read_result
    from calibrate.results.thresholds import Thresholds

    (method, warned), thresholds = through.chosen(), through.thresholds
    decided = None if thresholds is None else read_result(Thresholds, thresholds)
    if decided is not None:
        check_calibrator(decided, method, thresholds or "")
        if kind is not options.ScoresKind.probabilities:
            raise calibrate.InputError("expected either `thresholds` or `kind`, got both")
    target = f"{stem_of(logits)}.calibrated.npy" if output is None else output
    if target != "-":
        check_outputs([target])
    reading = read.reading
    if reading.task is None and (method.fits.labels or (decided and decided.task == "multilabel")):
        reading = replace(reading, task="multilabel")
    dataset = calibrate.open_dataset(logits, needs_labels=False, reading=reading)
    if decided is not None:
        what, dtype = "decisions", "uint8"
        blocks: Blocks = decision_blocks(dataset, decided, method)
    else:
        what, dtype = kind.value, str(dataset.dtype)
        blocks = apply_blocks(method, dataset, kind.value)
    _write(target, dataset, what, dtype, blocks)
    about = {target: f": {what}, {dtype} of shape {dataset.layout.shape}"}
    return Answer(about=about, warnings=(*warned, *dataset.warnings), notes=dataset.notes)
