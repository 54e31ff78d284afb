"""The page of a Comparison: its document, and the curves of all models, which a legend switches."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from calibrate.renderers.bins import pooled
from calibrate.renderers.documents.compare import best_in_words
from calibrate.renderers.pages.page import Page
from calibrate.renderers.pages.svg import at
from calibrate.renderers.words import methods_of, number
from calibrate.results.comparison import ComparedModel, Comparison
from calibrate.results.report import Reliability

COLOURS = 8
MARKERS = (  # around 0
    "M-4.5,0a4.5,4.5 0 1,0 9,0a4.5,4.5 0 1,0 -9,0",
    "M-4,-4h8v8h-8z",
    "M0,-5l5,9h-10z",
    "M0,-5.6l5.6,5.6l-5.6,5.6l-5.6,-5.6z",
    "M0,5l5,-9h-10z",
    "M-1.7,-5h3.4v3.3h3.3v3.4h-3.3v3.3h-3.4v-3.3h-3.3v-3.4h3.3z",
    "M5,0l-9,5v-10z",
)
MOST_MODELS = 60  # on one page


def completed(page: Page, found: Comparison) -> Page:
    """The page with the curves, and what was compared."""
    names = list(dict.fromkeys(model.run_of or model.name for model in found.models))
    models = [
        _model(model, number, names.index(model.run_of or model.name))
        for number, model in enumerate(found.models[:MOST_MODELS])
    ]
    data = found.data
    made = [
        *page.made,
        ("Labels", data.labels),
        ("Rows", f"{data.rows:,}"),
        (data.task.noun.capitalize(), f"{data.classes:,}"),
        (f"{methods_of(found).capitalize()}s", found.fitted_on),
        *((f"Scores of {model.name}", model.logits) for model in found.models[:MOST_MODELS]),
    ]
    if data.fingerprint is not None:
        made.append(("Digest of the rows", data.fingerprint))
    return replace(
        page,
        template="compare.html",
        title=best_in_words(found),
        own={"models": models, "method": methods_of(found).capitalize()},
        made=tuple(made),
    )


def _model(model: ComparedModel, index: int, look: int) -> dict[str, Any]:
    """A model as it is drawn, and as the legend says it."""
    before, after, noun = model.metrics.before, model.metrics.after, model.calibrator.noun
    said = f"ECE {number(before['ece'].value)}"
    if after is not None:
        said += f"; with {model.calibrator.symbol}: {number(after['ece'].value)}"
    curves = [("before", _curve(model, model.reliability.before, f"without {noun}"))]
    if model.reliability.after is not None:
        curves.append(("after", _curve(model, model.reliability.after, f"with {noun}")))
    return {
        "index": index,
        "name": model.name,
        "said": said,
        "colour": look % COLOURS,
        "marker": MARKERS[look % len(MARKERS)],
        "curves": curves,
    }


def _curve(model: ComparedModel, table: Reliability, side: str) -> list[dict[str, Any]]:
    """A dot per bin; neighbours are joined until they hold enough rows."""
    dots = pooled(table)
    total = sum(rows for rows, *_ in dots)
    return [
        {
            **at(c, a),
            "label": f"{model.name}, {side}: mean confidence {c:.4f}, accuracy {a:.4f}, "
            f"{100 * n / total:.1f} % of the rows",
        }
        for n, c, a in dots
    ]
