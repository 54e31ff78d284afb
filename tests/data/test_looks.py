"""Which shapes are taken for what, and what is found in values one by one."""

from __future__ import annotations

import numpy as np
import pytest

import calibrate
from calibrate import Reading
from calibrate.blocks.sums import FirstSeen
from calibrate.data.column import as_column
from calibrate.data.dataset import Dataset
from calibrate.data.layout import layout_of
from calibrate.data.readers.signature import signature_of
from calibrate.data.scan import RawBlock, ScanStep

SHAPES = """
(6,)    (6,1)   -          is binary 6
(6,1)   (6,)    -          is binary 6
(6,)    (6,2)   -          seem to be swapped
(6,)    (6,)    multilabel shape .rows, classes.
()      (6,)    -          shape .rows, classes.
(2,0,3) (2,0)   -          at least one row
(6,0)   (6,0)   multilabel at least one label
(6,1)   (6,)    multiclass at least two classes
(6,1)   (6,1)   multilabel is multilabel 6
(6,3)   (6,1)   -          is multiclass 6
(6,3)   (6,3)   -          is shares 6
(6,3)   (6,2)   -          one class index per row, shape .6,.
(6,3)   (6,3)   multilabel is multilabel 18
(6,3)   (6,)    multilabel shape of the scores, .6, 3.
(2,4,3) (2,4,3) -          is shares 8
(2,4,1) (2,4)   binary     is binary 8
"""


@pytest.mark.parametrize("line", SHAPES.strip().splitlines())
def test_what_shapes_mean(line):
    scores, labels, task, want = line.split(maxsplit=3)
    columns = [as_column(np.zeros(eval(s)), n) for s, n in ((scores, "logits"), (labels, "labels"))]
    reading = Reading(task=None if task == "-" else task)
    if not want.startswith("is "):
        with pytest.raises(calibrate.InputError, match=want):
            layout_of(*columns, reading)
        return
    found, kept = layout_of(*columns, reading)
    what = "shares" if found.shares else found.task.value
    assert (f"is {what} {found.n_decisions}", kept) == (want, None)
    per_row = np.arange(np.prod(found.lead, dtype=int)).reshape(found.lead)
    assert found.spread(per_row).tolist() == np.repeat(per_row, found.n_labels).tolist()


def first(places: list[tuple[int, int]]) -> FirstSeen:
    return FirstSeen(len(places), places[0][0] + 50, places[0][1]) if places else FirstSeen()


ODD = [0.0, -0.1, 1.0, 1.2, np.nan, np.inf, -np.inf, 1e301, -1e301]


@pytest.mark.parametrize("scores", [None, "probabilities"])
@pytest.mark.parametrize("odd", ODD)
@pytest.mark.parametrize("axes", [1, 2])
def test_scores_are_looked_at_one_by_one(scores, odd, axes):
    """Rows of 0.3 and 0.7 with an odd value among them."""
    z, y = np.tile([0.3, 0.7], (6, 1)), np.arange(6) % 2
    z[2, 1], z[4] = odd, z[4] if np.isnan(odd) else odd
    z = z[:, 2 - axes :]
    block = RawBlock(50, z if axes == 2 else z[:, 0], y)
    found = ScanStep(Reading(scores=scores, task=None if axes == 2 else "binary"))(block).scores
    each = [(r, k, v) for r, row in enumerate(z.tolist()) for k, v in enumerate(row)]
    assert found.nan == first([(r, k) for r, k, v in each if np.isnan(v)])
    assert found.infinite == first([(r, k) for r, k, v in each if v == np.inf])
    assert found.huge == first([(r, k) for r, k, v in each if 1e300 < v < np.inf])
    masked = np.flatnonzero((z == -np.inf).all(axis=1) & (axes == 2))
    assert found.all_masked == first([(r, 0) for r in masked.tolist()])
    if np.isnan(odd):
        return
    finite = z[np.isfinite(z)]
    assert (found.lowest, found.low, found.high) == (z.min(), finite.min(), finite.max())
    assert found.least == (z.min() or z[z > 0].min())
    wrong = ((z < 0) | (z > 1 + 1e-5)).any(axis=1)
    off = np.where(wrong, np.inf, abs(z.sum(axis=1) - 1) if axes == 2 else 0)
    assert found.sum_error.value == pytest.approx(off.max(), abs=1e-12)
    if not wrong.any() or scores:
        assert found.sum_error.row == 50 + (off.argmax() if axes == 2 or wrong.any() else 0)


def test_of_unknown_bytes_nothing_is_sure(tmp_path):
    (tmp_path / "a.bin").write_bytes(b"\x01\x02\xff\x03" * 9)
    found = signature_of(tmp_path / "a.bin", "a.bin")
    assert (found.words, found.suffix, found.sure) == ("unknown", None, False)


def test_integers_from_zero_are_scores():
    z = np.array([[0, 3, 1], [2, 0, 5], [4, 1, 0]])
    assert Dataset.of(z, np.array([1, 2, 0])).magnitude == 5


def test_digits_decide_how_near_log_probabilities_sum_to_one():
    p = np.random.default_rng(0).dirichlet(np.ones(3), 20)
    p[7] *= 1.005
    reading = Reading(scores="log-probabilities")
    with pytest.raises(calibrate.InputError, match=r"within 1e-05.*row 7"):
        Dataset.of(np.log(p), reading=reading)
    rounded = np.log(p).astype(np.float16).astype(np.float64)
    assert Dataset.of(rounded, reading=reading).n_rows == 20
