"""The grid: one population and one way to look at it per cell."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Literal

Distortion = Literal[
    "calibrated", "overconfident", "very overconfident", "underconfident", "class-dependent"
]
Weights = Literal["none", "shift", "heavy", "pareto", "few heavy"]
Clusters = Literal[
    "none", "images", "stacked images", "tokens", "uneven tokens", "duplicates", "labels"
]
Labels = Literal["hard", "exact shares", "three votes"]
Task = Literal["multiclass", "binary", "multilabel"]
Way = Literal["held out", "in-sample", "cross-fitted", "top-label"]


@dataclass(frozen=True)
class Cell:
    """A population, how many rows are drawn from it, and how they are evaluated.

    Attributes:
        name: in the tables.
        n: rows; of a multi-label model, examples.
        classes: K; of a multi-label model, labels.
        accuracy: of the population, before label noise.
        distortion: from the true log-odds to the logits of the model.
        imbalanced: class frequencies fall like 1/k, or 95 % no.
        label_noise: the share of labels drawn from all classes alike.
        weights: "shift" lognormal with sd 0.5, of the features alone; "heavy" lognormal with
            sd 1.6, half of it of the features; "pareto" with tail 2.1; "few heavy" 2 % weigh 50.
        clusters: "images" of 256 pixels, told by ids or, "stacked", by leading axes; "tokens" 10 a
            sentence, or of uneven number, larger where the rows are harder; "duplicates" of whole
            rows; "labels" of one example.
        labels: classes, or shares of classes: exact ones, or of three votes.
        way: "held out": through the best temperature of the population, or 1.25 where that is 1;
            "in-sample" and "cross-fitted": through one fitted on the rows; "top-label": of
            confidence and correctness alone.
        thin: only every so many runs are made, where one takes long.
    """

    name: str
    n: int = 1000
    classes: int = 10
    accuracy: float = 0.8
    distortion: Distortion = "overconfident"
    imbalanced: bool = False
    label_noise: float = 0.0
    weights: Weights = "none"
    clusters: Clusters = "none"
    labels: Labels = "hard"
    task: Task = "multiclass"
    way: Way = "held out"
    thin: int = 1

    @property
    def calibrates(self) -> bool:
        """Whether a temperature makes the model calibrated."""
        return self.distortion != "class-dependent" and not self.label_noise

    @property
    def width(self) -> int:
        """Classes per decision."""
        return self.classes if self.task == "multiclass" else 2

    @property
    def decisions(self) -> int:
        return self.n * self.classes if self.task == "multilabel" else self.n


BASE = Cell("base")
BINARY = Cell("binary", classes=2, task="binary")
LABELS = Cell("multi-label", n=300, task="multilabel", clusters="labels")
IMAGES = Cell("20 images x 256 pixels", n=5120, clusters="images")
TOKENS = Cell("200 sentences x 10 tokens", n=2000, clusters="tokens")


def _vary(base: Cell, variants: dict[str, dict[str, Any]]) -> tuple[Cell, ...]:
    """Cells that differ from ``base`` in the given fields, named after what differs."""
    return tuple(
        replace(base, name=f"{base.name}, {name}", **fields) for name, fields in variants.items()
    )


GRID: tuple[Cell, ...] = (
    BASE,
    *_vary(
        BASE,
        {
            "n 100": {"n": 100},
            "n 300": {"n": 300},
            "n 20 000": {"n": 20_000},
        },
    ),
    *_vary(
        BASE,
        {
            "calibrated": {"distortion": "calibrated"},
            "very overconfident": {"distortion": "very overconfident"},
            "underconfident": {"distortion": "underconfident"},
            "class-dependent": {"distortion": "class-dependent"},
            "imbalanced": {"imbalanced": True},
            "label noise": {"label_noise": 0.1, "distortion": "calibrated"},
        },
    ),
    *_vary(
        BASE,
        {
            "accuracy 60": {"accuracy": 0.6},
            "accuracy 95": {"accuracy": 0.95},
            "accuracy 99.5": {"accuracy": 0.995},
            "accuracy 99.5, n 100": {"accuracy": 0.995, "n": 100},
            "accuracy 99.5, n 20 000": {"accuracy": 0.995, "n": 20_000},
            "calibrated, accuracy 99.5": {"accuracy": 0.995, "distortion": "calibrated"},
        },
    ),
    *_vary(
        BASE,
        {
            "calibrated, n 100": {"distortion": "calibrated", "n": 100},
            "calibrated, n 20 000": {"distortion": "calibrated", "n": 20_000},
            "class-dependent, n 100": {"distortion": "class-dependent", "n": 100},
            "class-dependent, n 20 000": {"distortion": "class-dependent", "n": 20_000},
        },
    ),
    Cell("K = 3", classes=3),
    Cell("K = 3, class-dependent, n 300", classes=3, distortion="class-dependent", n=300),
    Cell("K = 100", classes=100),
    Cell("K = 100, imbalanced, class-dependent", 1000, 100, 0.7, "class-dependent", True),
    Cell("K = 100, n 20 000", 20_000, 100, distortion="class-dependent", thin=2),
    Cell("K = 1000", classes=1000, thin=2),
    Cell("K = 1000, imbalanced, calibrated", 1000, 1000, 0.7, "calibrated", True, thin=2),
    Cell("K = 1000, n 20 000", 20_000, 1000, thin=8),
    BINARY,
    *_vary(
        BINARY,
        {
            "calibrated": {"distortion": "calibrated"},
            "leaning": {"distortion": "class-dependent"},
            "rare yes": {"imbalanced": True, "accuracy": 0.985},
            "rare yes, n 100": {"imbalanced": True, "accuracy": 0.985, "n": 100},
            "n 20 000": {"n": 20_000, "distortion": "class-dependent"},
        },
    ),
    *_vary(
        BASE,
        {
            "shift weights": {"weights": "shift"},
            "heavy weights": {"weights": "heavy"},
            "heavy weights, n 100": {"weights": "heavy", "n": 100},
            "heavy weights, n 20 000": {"weights": "heavy", "n": 20_000},
            "pareto weights": {"weights": "pareto"},
            "few heavy weights": {"weights": "few heavy"},
            "few heavy weights, calibrated": {"weights": "few heavy", "distortion": "calibrated"},
        },
    ),
    IMAGES,
    *_vary(
        IMAGES,
        {
            "leading axes": {"clusters": "stacked images"},
            "calibrated": {"distortion": "calibrated"},
            "accuracy 99": {"accuracy": 0.99},
            "cross-fitted": {"way": "cross-fitted"},
        },
    ),
    TOKENS,
    *_vary(
        TOKENS,
        {
            "uneven": {"clusters": "uneven tokens"},
            "K = 100": {"classes": 100},
            "shift weights": {"weights": "shift"},
            "in-sample": {"way": "in-sample"},
        },
    ),
    Cell("duplicated rows", clusters="duplicates"),
    Cell("duplicated rows, heavy weights", clusters="duplicates", weights="heavy"),
    Cell("exact shares", labels="exact shares"),
    Cell("exact shares, class-dependent", labels="exact shares", distortion="class-dependent"),
    Cell("three votes", labels="three votes"),
    Cell("three votes, K = 100, n 300", 300, 100, labels="three votes"),
    LABELS,
    *_vary(
        LABELS,
        {
            "imbalanced": {"imbalanced": True, "accuracy": 0.985, "n": 1000},
            "class-dependent": {"distortion": "class-dependent"},
        },
    ),
    Cell("top-label", way="top-label"),
    Cell("top-label, calibrated, accuracy 95", 300, 10, 0.95, "calibrated", way="top-label"),
    Cell("top-label, heavy weights", weights="heavy", way="top-label"),
    Cell("in-sample", way="in-sample"),
    Cell("in-sample, n 100", n=100, way="in-sample"),
    Cell("in-sample, class-dependent", distortion="class-dependent", way="in-sample"),
    Cell("in-sample, heavy weights", weights="heavy", way="in-sample"),
    Cell("cross-fitted", way="cross-fitted"),
    Cell("cross-fitted, n 100", n=100, way="cross-fitted"),
    Cell("cross-fitted, class-dependent", distortion="class-dependent", way="cross-fitted"),
    Cell("cross-fitted, calibrated", distortion="calibrated", way="cross-fitted"),
    Cell("cross-fitted, heavy weights", weights="heavy", way="cross-fitted"),
)
