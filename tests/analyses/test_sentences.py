"""What a report says in words, over a table of regimes: nothing that the data do not say."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import softmax

import calibrate
from calibrate import Settings
from calibrate.renderers.formats import FORMATS
from calibrate.renderers.parts import EVERYTHING, Shown

ALL = Shown(all=True)
QUICK = Settings(bootstrap=0, top=3)
COMFORT = ("agree", "suits", "well calibrated", "no more than chance would show")


def model(n: int, sharpness: float = 1.0, scale: float = 1.5, shift: float = 0.0, seed: int = 0):
    rng = np.random.default_rng(seed)
    z = rng.normal(scale=scale, size=(n, 3))
    labels = (rng.random((n, 1)) > softmax(z, axis=1).cumsum(1)[:, :-1]).sum(1)
    z[:, 0] += shift
    return sharpness * z, labels


def random_labels(n: int):
    rng = np.random.default_rng(0)
    return rng.normal(scale=2, size=(n, 3)), rng.integers(0, 3, n)


def all_right(n: int):
    z = np.random.default_rng(0).normal(scale=3, size=(n, 3))
    return z, z.argmax(1)


def all_wrong(n: int):
    z = np.random.default_rng(0).normal(scale=3, size=(n, 3))
    return z, z.argmin(1)


REGIMES = {
    "tiny": (
        model(30),
        "too_few_rows",
        ["TOO FEW ROWS TO TELL", "no ECE below 0.28 could be seen", "not told from chance"],
        ["more than chance"],
    ),
    "calibrated": (
        model(3000),
        "calibrated",
        ["NO MISCALIBRATION FOUND", "not told from chance", "do not contradict"],
        ["too sure"],
    ),
    "sharp": (
        model(3000, 2.0),
        "miscalibrated",
        ["is more than chance", "want a larger T than T = 1", "overconfident by 13.4 points"],
        [],
    ),
    "timid": (
        model(3000, 0.5),
        "miscalibrated",
        ["is more than chance", "want a smaller T than T = 1", "underconfident by 14.4 points"],
        [],
    ),
    "huge, nearly right": (
        model(400_000, 1.012),
        "negligible",
        ["NEGLIGIBLY MISCALIBRATED", "and negligible: below 0.005"],
        [],
    ),
    "random labels": (
        random_labels(1000),
        "unrelated",
        ["BELONG TO THESE LABELS (p = 0.558)", "is more than chance"],
        ["Within chance", "No temperature", "better"],
    ),
    "all right": (
        all_right(300),
        "miscalibrated",
        ["too few errors for an interval", "want a smaller T"],
        [],
    ),
    "all wrong": (
        all_wrong(300),
        "unrelated",
        ["POINT AWAY FROM THESE LABELS", "too few errors for an interval"],
        ["NOTHING SHOWS"],
    ),
    "a class favoured": (
        model(3000, shift=1.0),
        "miscalibrated",
        ["classwise ECE of", "* off beyond chance: "],
        [],
    ),
}


@pytest.mark.parametrize("name", REGIMES)
def test_what_is_said(name: str):
    (logits, labels), code, said, unsaid = REGIMES[name]
    report = calibrate.evaluate(logits, labels, settings=QUICK)
    assert report.verdict.code == code
    text = "\n".join([FORMATS["text"](report, ALL), *report.warnings])
    for words in said:
        assert words in text, words
    for words in (*unsaid, *COMFORT, "nan", "None"):
        assert words not in text, words


@pytest.mark.parametrize("name", [name for name in REGIMES if not name.startswith("huge")])
def test_the_first_screen_fits(name: str):
    (logits, labels), *_ = REGIMES[name]
    for report in (
        calibrate.evaluate(logits, labels, settings=QUICK),
        calibrate.cross_evaluate(logits, labels, settings=QUICK),
    ):
        lines = FORMATS["text"](report, EVERYTHING).splitlines()
        assert len(lines) <= 20
        assert max(map(len, lines)) <= 80


def test_after_a_fit_nothing_is_said_of_t_itself():
    report = calibrate.cross_evaluate(*model(3000, 2.0), settings=QUICK)
    text = FORMATS["text"](report, ALL)
    assert "T was chosen on these very rows" in text
    assert "score test" not in text
