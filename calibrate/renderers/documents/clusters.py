"""ClusterReport -> text, JSON, markdown."""

from __future__ import annotations

import json
from dataclasses import asdict

from calibrate.analyses.clusters.measure import FIGURES, ClusterReport, Clusters
from calibrate.renderers.documents.page import TextPage, escaped, markdown_table
from calibrate.renderers.documents.words import measurement
from calibrate.version import package_version

SCHEMA = "calibrate.clusters/1"

MEANING = (
    "within, between: the root mean squared distance of points to the mean of their class, and the "
    "mean distance between these means, in the plane of the three templates. The smaller their "
    "ratio, the tighter the clusters.",
    "wrong_spread, label_gap: the standard deviation of a row's wrong-class logits, and its "
    "label's lead over their mean; means over all rows. The smaller their ratio, the less is said "
    "of how wrong classes differ: this is what distillation loses (Müller, Kornblith & Hinton "
    "2019).",
)


def class_title(report: ClusterReport, i: int) -> str:
    """The name of one of the three classes, or its number."""
    of_class = report.classes[i]
    return of_class.name or f"class {of_class.index}"


def cluster_headline(report: ClusterReport) -> str:
    """``y.npy: 2,000 rows, 10 classes``"""
    return f"{report.labels}: {report.rows:,} rows, {report.n_classes:,} classes"


def three_classes(report: ClusterReport) -> str:
    """``class 3 (191 rows), class 5 (204 rows), class 8 (198 rows)``"""
    found = (f"{class_title(report, i)} ({c.rows:,} rows)" for i, c in enumerate(report.classes))
    return ", ".join(found)


def space(model: Clusters) -> str:
    """Where the plane lies: among the features, or the logits."""
    return "logits" if model.features is None else "features"


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


def render_clusters_text(report: ClusterReport, *, colour: bool = False) -> str:
    """A headline, the table of figures, and what they mean."""
    page = TextPage(colour=colour)
    page.line(cluster_headline(report), "bold")
    spaces = " and ".join(dict.fromkeys(map(space, report.models)))
    page.line(f"{three_classes(report)}; in the plane of {spaces}")
    page.line()
    page.table("figure", _columns(report), [[name, *_cells(report, name)] for name in FIGURES])
    page.line()
    for sentence in MEANING:
        page.line(sentence)
    return page.text()


def render_clusters_markdown(report: ClusterReport) -> str:
    """A title, the data, the table of figures, and what they mean."""
    columns = [escaped(title) for title in _columns(report)]
    lines = [f"# Clusters of {escaped(', '.join(model.name for model in report.models))}", ""]
    lines += [f"- Data: {escaped(cluster_headline(report))}"]
    lines += [f"- Classes: {escaped(three_classes(report))}"]
    lines += [f"- {escaped(model.name)}: the plane of its {space(model)}, "
              f"{escaped(model.features or model.logits)}" for model in report.models]  # fmt: skip
    rows = [[name, *_cells(report, name)] for name in FIGURES]
    lines += ["", *markdown_table("figure", columns, rows)]
    lines += ["", *(f"- {sentence}" for sentence in MEANING)]
    for warning in report.warnings:
        lines += ["", f"> **Warning:** {escaped(warning)}"]
    return "\n".join(lines) + "\n"


def render_clusters_json(report: ClusterReport) -> str:
    """All but the points, as indented JSON with full precision."""
    models = []
    for model in report.models:
        content = {k: v for k, v in vars(model).items() if k not in ("points", "figures", "change")}
        content["figures"] = {k: asdict(v) for k, v in model.figures.items()}
        change = model.change
        content["change"] = None if change is None else {k: asdict(v) for k, v in change.items()}
        models.append(content)
    content = {
        "schema": SCHEMA,
        "version": package_version(),
        "data": {"labels": report.labels, "rows": report.rows, "classes": report.n_classes},
        "classes": [asdict(of_class) for of_class in report.classes],
        "models": models,
        "bootstrap": report.bootstrap,
        "seed": report.seed,
        "warnings": report.warnings,
    }
    return json.dumps(content, indent=1, allow_nan=False) + "\n"
