"""Which shapes are taken for what, and what is found in values: tables and brute force."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

import calibrate
from calibrate import Reading
from calibrate.blocks.sums import FirstSeen, Worst
from calibrate.data.column import as_column
from calibrate.data.confidences import Said
from calibrate.data.labels import inspect_labels
from calibrate.data.layout import layout_of
from calibrate.data.readers.csv import Cells, Head, Lines
from calibrate.data.readers.signature import signature_of
from calibrate.data.scan import Inspection, RawBlock, in_half_precision, row_sum_tolerance
from calibrate.data.units import check_weights
from calibrate.tasks import Task

SHAPES = """
(6,)      (6,)     -            binary 6
(6,)      (6,1)    -            binary 6
(6,1)     (6,)     -            binary 6
(6,1)     (6,1)    binary       binary 6
(6,)      (6,2)    -            seem to be swapped
(6,)      (6,1)    multiclass   shape .rows, classes.
(6,)      (6,)     multilabel   shape .rows, classes.
(6,)      (5,)     -            holds 5 labels but logits holds 6 rows
()        (6,)     -            shape .rows, classes.
(0,)      (0,)     -            at least one row
(0,3)     (0,)     -            at least one row
(2,0,3)   (2,0)    -            at least one row
(6,0)     (6,)     -            at least two classes
(6,0)     (6,0)    multilabel   at least one label
(6,1)     (6,)     multiclass   at least two classes
(6,1)     (6,1)    multilabel   multilabel 6
(6,3)     (6,)     -            multiclass 6
(6,3)     (6,1)    -            multiclass 6
(6,3)     (6,3)    -            shares 6
(6,3)     (6,2)    -            one class index per row, shape .6,., or one share per class
(6,3)     (6,3)    multilabel   multilabel 18
(6,3)     (6,)     multilabel   labels of the shape of the scores, .6, 3.
(6,3)     (6,3)    binary       binary 18
(2,4,3)   (2,4)    -            multiclass 8
(2,4,3)   (2,4,3)  -            shares 8
(2,4,3)   (8,)     -            one class index per row, shape .2, 4.
(2,4,1)   (2,4)    binary       binary 8
"""


@pytest.mark.parametrize("line", SHAPES.strip().splitlines())
def test_what_shapes_mean(line):
    scores, labels, task, want = line.split(maxsplit=3)
    columns = [as_column(np.zeros(eval(s)), n) for s, n in ((scores, "logits"), (labels, "labels"))]
    reading = Reading(task=None if task == "-" else task)
    if not want[-1].isdigit() or " " not in want or want.count(" ") > 1:
        with pytest.raises(calibrate.InputError, match=want):
            layout_of(*columns, reading)
        return
    found, kept = layout_of(*columns, reading)
    name, count = want.split()
    assert (found.task, found.shares) == (Task(name.replace("shares", "multiclass")), "sh" in name)
    assert (found.n_decisions, kept) == (int(count), None)
    assert found.width == (found.shape[-1] if found.task is Task.multiclass else None)
    assert found.n_labels == (found.shape[-1] if found.task is Task.multilabel else 1)
    per_row = np.arange(np.prod(found.lead, dtype=int))
    want_spread = np.repeat(per_row, found.n_decisions // len(per_row))
    assert found.spread(per_row.reshape(found.lead)).tolist() == want_spread.tolist()


def test_which_decisions_count():
    y = np.array([[0, np.nan], [1, 1], [np.nan, 9]])
    for task, ignore, want in (
        ("multilabel", None, [0, 2, 3, 5]),
        ("multilabel", 9, [0, 2, 3]),
        ("binary", 9, [0, 1, 2, 3, 4]),  # NaN stays, and is refused later
        ("binary", None, None),
    ):
        columns = as_column(np.zeros((3, 2)), "logits"), as_column(y, "labels")
        _, kept = layout_of(*columns, Reading(task=task, ignore_label=ignore))
        assert (None if kept is None else kept.tolist()) == want, (task, ignore)


@pytest.mark.parametrize("seed", range(8))
def test_labels_are_looked_at_one_by_one(seed):
    rng = np.random.default_rng(seed)
    raw = rng.choice([0.0, 1, 0, 0, 1, 0.5, 2][: 5 + seed % 3], (9, 3))
    if seed == 7:
        raw[4, 1], raw[6, 0] = np.nan, np.inf
    found, rows = inspect_labels(raw, 100), raw.tolist()
    bad = [(r, k) for r in range(9) for k in range(3) if not np.isfinite(raw[r, k])]
    assert found.unusable == first([*bad], 100)
    if bad:
        return
    broken = [(r, k) for r in range(9) for k in range(3) if rows[r][k] % 1]
    many = [(r, 0) for r in range(9) if sum(rows[r]) != 1 and not any(v % 1 for v in rows[r])]
    errors = [abs(sum(row) - 1) for row in rows]
    assert (found.fractions, found.many) == (first(broken, 100), first(many, 100))
    assert found.sum_error == Worst(max(errors), 100 + errors.index(max(errors)))
    assert (found.low, found.high) == (raw.min(), raw.max())
    parts = inspect_labels(raw[:4], 100) + inspect_labels(raw[4:], 104)
    assert parts == found
    assert found.moved(np.arange(500) * 2, 1).sum_error.row == 2 * found.sum_error.row


def first(places: list[tuple[int, int]], start: int) -> FirstSeen:
    return FirstSeen(len(places), places[0][0] + start, places[0][1]) if places else FirstSeen()


ODD = [0.0, -0.1, 1.0, 1.2, np.nan, np.inf, -np.inf, 1e301, -1e301, 0.004]


@pytest.mark.parametrize("scores", [None, "logits", "probabilities", "log-probabilities"])
@pytest.mark.parametrize(("odd", "ndim"), [*itertools.product(ODD, [1, 2])])
def test_scores_are_looked_at_one_by_one(scores, odd, ndim):
    """Rows of 0.3 and 0.7, their logarithms or so, with an odd value among them."""
    z = np.tile([0.3, 0.7], (6, 1))
    z[2, 1], z[4] = odd, z[4] if np.isnan(odd) else odd
    z = np.log(z) if scores == "log-probabilities" and 0 < odd < 2 else z
    z = z if ndim == 2 else z[:, 1]
    y = np.array([1.0, 0, 1, 0, 1, 0])
    reading = Reading(scores=scores, task=None if ndim == 2 else "binary")
    found, flat = Inspection(reading)(RawBlock(50, z, y)), z.reshape(6, -1)

    def where(test) -> FirstSeen:
        return first([(r, k) for r in range(6) for k, v in enumerate(flat[r]) if test(v)], 50)

    assert found.nan == where(np.isnan)
    assert found.infinite == where(lambda v: v == np.inf)
    assert found.huge == where(lambda v: 1e300 < v < np.inf)
    masked = [(r, 0) for r in range(6) if ndim == 2 and np.all(flat[r] == -np.inf)]
    assert found.all_masked == first(masked, 50)
    if np.isnan(odd):
        return
    assert found.low == z.min()
    assert found.high == min(z.max(), np.finfo(float).max)
    assert found.least == (min(v for v in flat.flat if v > 0) if z.min() == 0 else z.min())
    p = np.exp(np.minimum(flat, 700)) if scores == "log-probabilities" else flat
    error = p.sum(axis=1) - 1 if ndim == 2 else np.zeros(6)
    wrong = ((p < 0) | (p > 1 + 1e-5)).any(axis=1)
    worst = np.inf if wrong.any() else abs(error).max()
    assert found.sum_error.value == pytest.approx(worst, abs=1e-12)
    if scores in ("probabilities", "log-probabilities") and wrong.any():
        column = flat.max(axis=1).argmax() if scores == "log-probabilities" else wrong.argmax()
        assert found.sum_error.row == 50 + column
    elif ndim == 2 and not wrong.any():
        assert found.sum_error.row == 50 + abs(error).argmax()
    floor = -np.inf if scores == "probabilities" else -1e300
    own = flat[np.arange(6), y.astype(int)] if ndim == 2 else flat[:, 0]
    out = own <= 0 if scores == "probabilities" else own <= floor
    if ndim == 1:
        sure = (own >= 1) & (y < 1) if scores == "probabilities" else np.zeros(6, bool)
        out = (out & (y > 0)) | sure
    assert found.labels.masked == first([(r, 0) for r in np.flatnonzero(out).tolist()], 50)


def test_how_finely_confidences_are_said():
    said = Said.of(np.array([0.0, 1, 1, 0.5, 0.005, 0.125, -0.1, 1.5, 0.25]), 10)
    assert (said.zeros, said.ones, said.between, said.decimals) == (1, 2, 4, 3)
    assert (said.beyond, said.small) == (FirstSeen(2, 16, 0), FirstSeen(1, 14, 0))
    for value, decimals in ((0.5, 2), (0.12, 2), (0.123456789, 9), (1 / 3, 10)):
        assert Said.of(np.array([value]), 0).decimals == decimals


@pytest.mark.parametrize("texts", [None, 0, 1, 2, 3, 4])
@pytest.mark.parametrize("quoted", [False, True])
def test_any_column_may_be_the_text(texts, quoted):
    names = ["a", "b", "c", "d", "e"]
    rows = [[str(10 * r + k) for k in range(5)] for r in range(4)]
    numbers = tuple(k for k in range(5) if k != texts)
    if texts is not None:
        for r, row in enumerate(rows):
            row[texts] = f'"x, {r}"' if quoted else f"x{r}"
    content = "".join(",".join(row) + "\n" for row in rows) + "\n"
    cells = Cells(Head("t.csv", tuple(names), True, ",", 0))
    block = Lines(2, content, len(content))
    found = cells.numbers(block, numbers)
    assert found.tolist() == [[10 * r + k for k in numbers] for r in range(4)]
    if texts is not None:
        assert cells.texts(block, texts) == [row[texts].strip('"') for row in rows]


def test_in_half_precision():
    third = np.array([1 / 3])
    for dtype, want in ((np.float16, True), (np.float32, False), (np.float64, False)):
        assert in_half_precision(third.astype(dtype).astype(np.float64)) is want
    bfloat = (third.astype(np.float32).view(np.uint32) & 0xFFFF0000).view(np.float32)
    assert in_half_precision(bfloat)
    sizes = {np.float16: 1e-2, np.float32: 1e-4, np.float64: 1e-5, np.uint8: 1e-2}
    assert {dtype: row_sum_tolerance(np.dtype(dtype)) for dtype in sizes} == sizes


def test_weights_keep_their_ratios():
    for unit in (1.0, 2.0**90, 2.0**-1000, 2.0**1000):
        got = check_weights(unit * np.array([1.0, 3, 0]), 3, "w")
        assert (got[1] / got[0], got[2]) == (3, 0)
        assert np.square(got).sum() < np.inf
    assert check_weights(np.array([1.0, 2.0**-501]), 2, "w").tolist() == [1, 0]
    assert check_weights(np.array([1.0, 2.0**-499]), 2, "w").tolist() == [1, 2.0**-499]


def test_of_unknown_bytes_the_suffix_is_believed(tmp_path):
    (tmp_path / "a.bin").write_bytes(b"\x01\x02\xff\x03" * 9)
    found = signature_of(tmp_path / "a.bin", "a.bin")
    assert (found.words, found.sure) == ("unknown", False)
