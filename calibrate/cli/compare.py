"""calibrate compare"""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from calibrate.cli import options


def compare(
    files: Annotated[
        list[str],
        typer.Argument(
            metavar="LOGITS... LABELS",
            help="The scores of each model on the same rows, and last the labels: file.npy, "
            "file.npz or file.npz:key.",
        ),
    ],
    name: Annotated[
        list[str] | None,
        typer.Option("--name", help="What to call a model; once per model, in order."),
    ] = None,
    val_logits: Annotated[
        list[str] | None,
        typer.Option(
            "--val-logits",
            help="The scores that a model's temperature is fitted on; once per model, in order. "
            "Default: cross-fitting.",
        ),
    ] = None,
    val_labels: Annotated[
        str | None, typer.Option("--val-labels", help="The labels of --val-logits.")
    ] = None,
    output: Annotated[
        str, typer.Option("-o", "--output", help="The folder to write; made if missing.")
    ] = "compare",
    seed: Annotated[int, typer.Option("--seed", min=0, help="Of the folds.")] = 0,
    weights: options.Weights = None,
    scores: options.Scores = None,
    task: options.Task = None,
    label_offset: options.LabelOffset = 0,
    ignore_label: options.IgnoreLabel = None,
    workers: options.Workers = None,
    format: options.ReportFormat = options.Format.text,
    n_bins: options.Bins = 15,
    dpi: options.Dpi = 150,
    debug: options.Debug = False,
) -> None:
    """Compare models on the same rows, without and with temperature; write a folder."""
    del debug  # read by the error handler
    import calibrate
    from calibrate.analyses.clusters.models import check_counts, default_titles
    from calibrate.analyses.compare import compare as compare_datasets
    from calibrate.cli.console import Progress, in_colour, note, recognised, warn
    from calibrate.renderers.documents import compare as render
    from calibrate.renderers.folder import check_folder_of, write_contents
    from calibrate.renderers.pictures.compare import compare_figure
    from calibrate.renderers.pictures.style import drawn

    check_counts(files, (), (), name or ())
    *logits, labels = files
    check_validation(logits, val_logits or [], val_labels, weights is not None)
    contents = ("compare.json", "compare.md", "reliability.png")
    check_folder_of(output, contents)

    with Progress() as progress:

        def opened(of_scores: str, of_labels: str, of_weights: str | None) -> calibrate.Reference:
            return calibrate.open_source(
                of_scores, of_labels, weights=of_weights, scores=scores and scores.value,
                task=task and task.value, label_offset=label_offset, ignore_label=ignore_label,
                workers=workers, on_rows=progress,
            )  # fmt: skip

        datasets = [opened(each, labels, weights) for each in logits]
        validation = [opened(each, val_labels or "", None) for each in val_logits or []]
        settings = calibrate.Settings(n_bins=n_bins, seed=seed, workers=workers)
        found = compare_datasets(name or default_titles(logits), datasets, validation, settings)
    picture = drawn(compare_figure(found), "reliability.png", dpi)
    page = render.render_compare_markdown(found, ("reliability.png",))
    text = {"json": render.render_compare_json(found), "markdown": page}.get(format.value)
    json = render.render_compare_json(found)
    written = write_contents(
        output, dict(zip(contents, (json.encode(), page.encode(), picture), strict=True))
    )
    sys.stdout.write(text or render.render_compare_text(found, colour=in_colour()))
    warn(found.warnings)
    note(recognised(datasets[0]))
    note(f"wrote {', '.join(written)}")


def check_validation(
    logits: list[str], val_logits: list[str], val_labels: str | None, weighted: bool
) -> None:
    """Raise InputError unless there are validation scores for every model, with labels, or none."""
    from calibrate.errors import InputError

    if val_logits and weighted:
        raise InputError(
            "--weights with --val-logits: there are no weights for the validation rows; leave out "
            "--val-logits to cross-fit"
        )
    if bool(val_logits) != (val_labels is not None):
        raise InputError("expected both --val-logits and --val-labels, or neither to cross-fit")
    if val_logits and len(val_logits) != len(logits):
        raise InputError(
            f"--val-logits: expected {len(logits)}, one for each model in order, "
            f"got {len(val_logits)}: {', '.join(val_logits)}"
        )
