"""A new method: one file and a row in METHODS, and everything speaks of it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pytest
from conftest import gumbel_labels

import calibrate
from calibrate.blocks.block import Block
from calibrate.blocks.optimise import Search, best_with_bias, scale_of
from calibrate.calibrators.apply import Applies
from calibrate.calibrators.methods import METHODS
from calibrate.calibrators.protocol import Fit, Method, Scores, Shape
from calibrate.data.dataset import Dataset
from calibrate.data.known_rows import KnownRows
from calibrate.renderers.formats import FORMATS
from calibrate.renderers.parts import EVERYTHING, Shown
from calibrate.renderers.plots.compare import compare_figure
from calibrate.renderers.plots.reliability import reliability_figure
from calibrate.results.kinds import read_any
from calibrate.tasks import Task

RIDGE = 1e-4
ALL = Shown(all=True)
QUICK = calibrate.Settings(bootstrap=50)


@dataclass(frozen=True)
class ClassBias(Applies):
    """p = softmax(beta z + b)."""

    beta: float
    biases: tuple[float, ...]

    method: ClassVar[str] = "bias-per-class"
    noun: ClassVar[str] = "b"
    scales: ClassVar[bool] = False

    @property
    def fits(self) -> Shape:
        return Shape(len(self.biases))

    def scores(self, block: Block) -> Scores:
        return Scores((self.beta * block.logits + self.biases).astype(block.logits.dtype))

    def symbol(self) -> str:
        return f"b of {len(self.biases)} classes"

    def sentence(self, _: object, /) -> str:
        return "Each class has a bias of its own."


def fit_biases(dataset: Dataset, start: ClassBias | None = None) -> Fit[ClassBias]:
    search = Search(dataset, scale_of(dataset) or 1.0)
    theta = search.start() if start is None else float(np.log(start.beta))
    found = best_with_bias(dataset, theta, RIDGE, np.array(start.biases if start else ()))
    return Fit(
        calibrator=ClassBias(float(np.exp(found.theta)), tuple(found.bias.tolist())),
        intervals={},
        nll=found.nll,
        converged=found.converged,
        passes=found.passes,
        n_rows=dataset.n_rows,
        known=KnownRows.of(dataset),
    )


METHOD = Method(ClassBias, (Task.multiclass,), fit_biases)


@pytest.fixture(autouse=True)
def registered(monkeypatch):
    monkeypatch.setitem(METHODS, METHOD.name, METHOD)


def drawn(seed: int, n: int = 1_500):
    """Scores of which the third class is too low, twice as sharp as they should be."""
    rng = np.random.default_rng(seed)
    z = rng.normal(scale=2.0, size=(n, 3))
    return 2 * (z - [0, 0, 1.5]), gumbel_labels(z, 1.0, rng)


@pytest.fixture
def saved(tmp_path):
    fit = fit_biases(Dataset.of(*drawn(0)))
    calibrate.save(fit, tmp_path / "bias.json")
    return fit, str(tmp_path / "bias.json")


def test_it_is_fitted_saved_loaded_and_applied(saved):
    fit, path = saved
    assert fit.converged
    b = fit.calibrator.biases
    assert b[2] - (b[0] + b[1]) / 2 == pytest.approx(1.5, abs=0.3)
    again = calibrate.load(path)
    assert again == fit.calibrator
    z, labels = drawn(1)
    p = again.apply(z)
    assert (
        calibrate.ece(p, labels) < 0.05 < calibrate.ece(calibrate.Temperature(2.0).apply(z), labels)
    )
    assert repr(fit).startswith("Fit(bias-per-class: b of 3 classes from ")


def speaks_of_no_temperature(text: str) -> None:
    """Of the scores themselves a temperature may be spoken of: what the best one would recover."""
    about = text.replace("nll_calibration", "")
    assert not re.search(r"\bT\b|[Tt]emperature", about), re.findall(
        r".*\bT\b.*|.*emperature.*", about
    )


@pytest.mark.parametrize("rows", [0, 1])
@pytest.mark.parametrize("name", ["text", "markdown"])
def test_a_report_speaks_of_it(saved, name, rows):
    """On the rows of the fit, and on others."""
    report = calibrate.evaluate(*drawn(rows), saved[1], settings=QUICK)
    for shown in (ALL, EVERYTHING):
        text = FORMATS[name](report, shown)
        speaks_of_no_temperature(text)
        assert "b of 3 classes" in text
    meaning = "Each class has a bias of its own. Together they change the nll by -0."
    assert meaning in FORMATS[name](report, ALL)


def test_a_report_keeps_what_is_said_of_it(saved, tmp_path):
    report = calibrate.evaluate(*drawn(1), saved[1], settings=QUICK)
    path = tmp_path / "report.json"
    path.write_text(FORMATS["json"](report, EVERYTHING))
    METHODS.pop("bias-per-class")  # whoever renders it need not have the method
    assert FORMATS["text"](read_any(path), EVERYTHING) == FORMATS["text"](report, EVERYTHING)


def test_its_page_and_plots_speak_of_it(saved):
    report = calibrate.evaluate(*drawn(1), saved[1], settings=QUICK)
    assert "b of 3 classes" in FORMATS["html"](report, EVERYTHING)
    axes = reliability_figure(report).axes
    assert "after: b of 3 classes" in [
        text.get_text() for ax in axes for text in (ax.title, *ax.texts)
    ]


def test_it_is_compared(saved):
    test = drawn(1)
    found = calibrate.compare(
        {"a": test, "b": (test[0] / 2, test[1])}, calibrators=[saved[1], saved[1]], settings=QUICK
    )
    for shown in (ALL, EVERYTHING):
        text = FORMATS["text"](found, shown)
        speaks_of_no_temperature(text)
        assert "a, b of 3 classes" in text
        assert "Least nll with b: a" in text
    titles = [ax.get_title() for ax in compare_figure(found).axes]
    assert titles == ["without bias-per-class", "with bias-per-class"]
    page = FORMATS["html"](found, EVERYTHING)
    speaks_of_no_temperature(re.sub(r"<(script|style).*?</\1>", "", page, flags=re.DOTALL))
