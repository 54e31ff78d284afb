"""Models side by side in the plane of three classes."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

from calibrate.arrays import AnyArray
from calibrate.results.display import Displayed
from calibrate.results.json import NOT_EMPTY, NOT_IN_JSON
from calibrate.results.measurement import Metrics

Point = tuple[float, float]


@dataclass(frozen=True)
class ClusterClass:
    """One of the three classes: its number from 0, its name where known, and its rows."""

    index: int
    name: str | None
    rows: int

    @property
    def title(self) -> str:
        """Its name, or its number."""
        return self.name or f"class {self.index}"


@dataclass(frozen=True)
class Clusters:
    """One model's rows of three classes in the plane of their templates.

    With m_c the mean of the points p_i of class c, over the three classes:

    - ``within`` = sqrt(mean_c mean_{i in c} |p_i - m_c|²), each class counting alike;
    - ``between`` = the mean of the three distances |m_c - m_d|;
    - ``within_over_between``: their ratio, free of scale: the smaller, the tighter the clusters.

    With S_i the logits of row i other than its label's (masked ones left out), over all rows of
    all classes:

    - ``wrong_spread`` = mean_i std(S_i), the standard deviation with divisor |S_i|;
    - ``label_gap`` = mean_i (z_i,label - mean(S_i));
    - ``wrong_spread_over_gap``: their ratio, free of scale; undefined unless the gap is positive.

    Nothing changes when a constant is added to all logits of a row. Changing only logits outside
    the three classes moves no point of the logit plane.

    Reference: Müller, Kornblith & Hinton (2019), "When does label smoothing help?"; the plane is
    theirs, the ratios are ours.

    Attributes:
        name, logits: the title and the file.
        features, weights: files, or None where the plane is that of the logits.
        figures: the six above, by name.
        change: each figure minus that of the first model on the same rows; None for the first.
        means, templates: of each class, coordinates in the plane.
        points: per class ``(m, 2)``, at most 2 000 evenly spread rows, to be drawn.
    """

    name: str
    logits: str
    features: str | None
    weights: str | None
    figures: Metrics
    change: Metrics | None
    means: tuple[Point, ...]
    templates: tuple[Point, ...]
    points: tuple[AnyArray, ...] = field(default=(), compare=False, metadata=NOT_IN_JSON)

    @property
    def space(self) -> str:
        """Where the plane lies: among the features, or the logits."""
        return "logits" if self.features is None else "features"


@dataclass(frozen=True)
class ClusterData:
    """The labels, and how many rows and classes the data have in all."""

    labels: str
    rows: int
    classes: int


@dataclass(frozen=True, repr=False)
class ClusterReport(Displayed):
    """Models side by side on the same rows.

    Attributes:
        data: all rows.
        classes: the three.
        models: in the order given.
        bootstrap, seed: the samples behind the intervals.
    """

    data: ClusterData
    classes: tuple[ClusterClass, ...]
    models: tuple[Clusters, ...] = field(metadata=NOT_EMPTY)
    bootstrap: int
    seed: int
    warnings: tuple[str, ...] = ()

    schema: ClassVar[str] = "calibrate.clusters/1"
    command: ClassVar[str] = "calibrate clusters"
