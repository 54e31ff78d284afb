"""The document of a ClusterReport."""

from __future__ import annotations

from calibrate.renderers.parts import (
    EVERYTHING,
    Heading,
    Part,
    Shown,
    Table,
    Value,
    document,
    lines,
    warned,
)
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
    first, *others = report.models
    columns, two = [first.name], len(report.models) == 2
    for model in others:
        columns += [model.name, "change" if two else f"{model.name}: change"]
    rows: list[list[Value]] = []
    for name in first.figures:
        rows.append([name])
        for model in report.models:
            rows[-1].append(model.figures[name])
            rows[-1] += [] if model.change is None else [model.change[name]]
    classes = ", ".join(f"{each.title} ({each.rows:,} rows)" for each in report.classes)
    return (
        Heading(headline_of_clusters(report)),
        *lines(f"{classes}; in the plane of {spaces(report)}"),
        Table.of("figure", columns, rows),
        *lines(*MEANING),
        *warned(report.warnings),
    )


def headline_of_clusters(report: ClusterReport) -> str:
    """``y.npy: 2,000 rows, 10 classes``"""
    data = report.data
    return f"{data.labels}: {data.rows:,} rows, {data.classes:,} classes"


def spaces(report: ClusterReport) -> str:
    """``features and logits``"""
    return " and ".join(dict.fromkeys(model.space for model in report.models))
