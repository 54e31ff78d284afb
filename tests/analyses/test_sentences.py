"""What a report says in words, over a table of regimes: nothing that the data do not say."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import softmax

import calibrate
from calibrate import Settings
from calibrate.renderers.document import EVERYTHING
from calibrate.renderers.formats import FORMATS

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
    "tiny": (model(30), ["not told from chance", "reveal a true one of"], ["more than chance"]),
    "calibrated": (model(3000), ["not told from chance", "do not contradict"], ["too sure"]),
    "sharp": (model(3000, 2.0), ["is more than chance", "want a larger T than T = 1"], []),
    "timid": (model(3000, 0.5), ["is more than chance", "want a smaller T than T = 1"], []),
    "huge, nearly right": (
        model(400_000, 1.015),
        ["and negligible: below 0.005"],
        [],
    ),
    "random labels": (random_labels(1000), ["is more than chance"], []),
    "all right": (all_right(300), ["too few errors for an interval", "want a smaller T"], []),
    "all wrong": (all_wrong(300), ["too few errors for an interval", "more than chance"], []),
    "a class favoured": (model(3000, shift=1.0), ["classwise ECE of", "* off beyond chance: "], []),
}


@pytest.mark.parametrize("name", REGIMES)
def test_what_is_said(name: str):
    (logits, labels), said, unsaid = REGIMES[name]
    report = calibrate.evaluate(logits, labels, settings=QUICK)
    text = "\n".join([FORMATS["text"](report, EVERYTHING), *report.warnings])
    for words in said:
        assert words in text, words
    for words in (*unsaid, *COMFORT, "nan", "None"):
        assert words not in text, words


def test_after_a_fit_nothing_is_said_of_t_itself():
    report = calibrate.cross_evaluate(*model(3000, 2.0), settings=QUICK)
    text = FORMATS["text"](report, EVERYTHING)
    assert "T was chosen on these very rows" in text
    assert "score test" not in text
