"""The document of a ClusterReport."""

from __future__ import annotations

from calibrate.renderers.parts import (
    EVERYTHING,
    Heading,
    Lines,
    Part,
    Shown,
    Table,
    document,
    warned,
)
from calibrate.renderers.words import measurement
from calibrate.results.clusters import ClusterReport

MEANING = (
    "within, between: the root mean squared distance of points to the mean of their class, and the "
    "mean distance between these means, in the plane of the three templates. The smaller their "
    "ratio, the tighter the clusters.",
    "wrong_spread, label_gap: the standard deviation of a row's wrong-class logits, and its "
    "label's lead over their mean; means over all rows. The smaller their ratio, the less is said "
    "of how wrong classes differ: this is what distillation loses (Müller, Kornblith & Hinton "
    "2019).",
)


@document.register
def _(report: ClusterReport, _: Shown = EVERYTHING) -> tuple[Part, ...]:
    classes = ", ".join(f"{each.title} ({each.rows:,} rows)" for each in report.classes)
    names = report.models[0].figures
    rows = [[name, *_cells(report, name)] for name in names]
    return (
        Heading(cluster_headline(report)),
        Lines.of(f"{classes}; in the plane of {spaces(report)}"),
        Table.of("figure", _columns(report), rows),
        Lines.of(*MEANING),
        *warned(report.warnings),
    )


def cluster_headline(report: ClusterReport) -> str:
    """``y.npy: 2,000 rows, 10 classes``"""
    data = report.data
    return f"{data.labels}: {data.rows:,} rows, {data.classes:,} classes"


def spaces(report: ClusterReport) -> str:
    """``features and logits``"""
    return " and ".join(dict.fromkeys(model.space for model in report.models))


def _columns(report: ClusterReport) -> list[str]:
    """The titles: each model, and from the second on its change from the first."""
    titles = [report.models[0].name]
    for model in report.models[1:]:
        titles += [model.name, "change" if len(report.models) == 2 else f"{model.name}: change"]
    return titles


def _cells(report: ClusterReport, name: str) -> list[str]:
    cells = []
    for model in report.models:
        cells.append(measurement(model.figures[name]))
        cells += [] if model.change is None else [measurement(model.change[name])]
    return cells
