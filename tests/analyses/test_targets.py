"""Training targets against PyTorch, SciPy and brute force."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import entr, softmax
from scipy.stats import binomtest
from scipy.stats import t as student
from whole_targets import smoothed_targets, teacher_targets

from calibrate.analyses.targets.entropy import temperature_for_entropy
from calibrate.analyses.targets.labels import LabelTargets
from calibrate.analyses.targets.stream import TargetStream, label_report, sweep
from calibrate.analyses.targets.teacher import TeacherTargets
from calibrate.blocks.passes import running
from calibrate.data.column import Column, as_column
from calibrate.data.dataset import Dataset
from calibrate.errors import InputError

# torch 2.13.0+cpu, float64: per-row torch.nn.CrossEntropyLoss(label_smoothing=eps), and the targets
# that it implies, softmax(z) - d loss / d z.
TORCH_Z = np.array([[1.5, -0.5, 0.25, 2.0], [0.0, 3.0, -1.0, 0.5], [-2.0, 0.75, 0.5, 0.25]])
TORCH_Y = np.array([3, 0, 1])
TORCH_LOSS = {
    0.1: [0.740610395306458, 3.077425151560595, 0.9832856539455133],
    0.3: [0.978110395306458, 2.952425151560595, 1.158285653945513],
}
TORCH_ON_OFF = {0.1: (0.925, 0.025), 0.3: (0.775, 0.075)}

# torch 2.13.0+cpu, float64: torch.softmax(z / 4, 1), and Categorical(probs).entropy() of it.
TORCH_SOFT = [
    [0.2880769494965875, 0.1747275022261682, 0.21076159859097585, 0.3264339496862684],
    [0.19884869576939673, 0.4209626922472216, 0.15486351997793374, 0.2253250920054479],
    [0.151239298276826, 0.30077525935645644, 0.28255220761056626, 0.26543323475615116],
]
TORCH_ENTROPY = [1.3569501557438879, 1.3100392905248317, 1.3562076246544887]


def column(labels: object) -> Column:
    return as_column(labels, "labels")


def rows(n: int, k: int, scale: float = 3.0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng([n, k])
    z = rng.normal(scale=scale, size=(n, k)) + rng.normal(size=(n, 1))
    return z.astype(np.float32), (z / 2 + rng.gumbel(size=z.shape)).argmax(axis=1)


def brute_figures(q: np.ndarray, true: np.ndarray) -> dict[str, np.ndarray]:
    """Per row, by sorting and looping."""
    found: dict[str, list[float]] = {"entropy": [], "true_class": [], "runner_up": [], "rest": []}
    found["agreement"] = []
    for row, y in zip(q.astype(np.float64), true, strict=True):
        others = np.sort(np.delete(row, y))
        found["entropy"].append(entr(row).sum())
        found["true_class"].append(row[y])
        found["runner_up"].append(others[-1])
        found["rest"].append(others[:-1].sum())
        found["agreement"].append(float(row.argmax() == y))
    return {name: np.array(values) for name, values in found.items()}


def assert_figures(figures, q, true, names=("entropy", "true_class", "runner_up", "rest")):
    for name in names:
        values = brute_figures(q, true)[name]
        got = getattr(figures, name)
        mean, n = values.mean(), len(values)
        if name == "agreement":
            want = binomtest(int(values.sum()), n).proportion_ci(method="wilson")
            assert (got.low, got.high) == pytest.approx((want.low, want.high), rel=1e-9)
            continue
        half = student.ppf(0.975, n - 1) * values.std(ddof=1) / np.sqrt(n)
        top = np.log(q.shape[1]) if name == "entropy" else 1.0
        assert got.value == pytest.approx(mean, rel=3e-6, abs=1e-7), name
        # Student's interval, moved towards the longer tail by skewness: by a few hundredths
        slack = 0.25 * half + 1e-7
        assert got.low == pytest.approx(max(0, mean - half), abs=slack), name
        assert got.high == pytest.approx(min(top, mean + half), abs=slack), name


@pytest.mark.parametrize("eps", TORCH_LOSS)
def test_smoothing_over_all_is_that_of_torch(eps):
    q = smoothed_targets(TORCH_Y, 4, smoothing=eps)
    on, off = TORCH_ON_OFF[eps]
    want = np.full((3, 4), off)
    want[np.arange(3), TORCH_Y] = on
    np.testing.assert_allclose(q, want, rtol=1e-7)
    log_p = np.log(softmax(TORCH_Z, axis=1))
    np.testing.assert_allclose(-(q * log_p).sum(axis=1), TORCH_LOSS[eps], rtol=1e-7)


def test_the_teacher_is_that_of_torch():
    np.testing.assert_allclose(teacher_targets(TORCH_Z, temperature=4), TORCH_SOFT, rtol=1e-6)
    found = temperature_for_entropy(Dataset.of(TORCH_Z), float(np.mean(TORCH_ENTROPY)))
    assert found == pytest.approx(4, rel=1e-9)


@pytest.mark.parametrize("k", [2, 7, 100])
@pytest.mark.parametrize("over", ["all", "others"])
def test_smoothing_row_by_row(k, over):
    rng = np.random.default_rng(k)
    labels, eps = rng.integers(0, k, 50), rng.uniform(0, 1, 50)
    q = smoothed_targets(labels + 1, k, smoothing=eps, over=over, label_offset=1)
    assert q.dtype == np.float32
    for row, y, e in zip(q, labels, eps, strict=True):
        for c in range(k):
            want = (
                e / k + (1 - e) * (c == y) if over == "all" else (1 - e if c == y else e / (k - 1))
            )
            assert row[c] == pytest.approx(want, rel=1e-6)
    np.testing.assert_allclose(q.sum(axis=1, dtype=float), 1, atol=1e-6)


@pytest.mark.parametrize("over", ["all", "others"])
@pytest.mark.parametrize("k", [2, 5, 90])
def test_figures_of_smoothed_labels(k, over):
    rng = np.random.default_rng(k)
    labels, eps = rng.integers(0, k, 300), rng.uniform(0, 0.99, 300)
    maker = LabelTargets(column(labels), k, eps, over=over)
    stream = TargetStream(maker)
    q = np.concatenate(list(stream))
    report = label_report(maker, stream)
    names = ("entropy", "true_class", "runner_up", "rest", "agreement")
    assert_figures(report.figures, q, labels, names)
    assert report.smoothing.mean.value == pytest.approx(eps.mean())
    agreement = report.figures.agreement.value
    assert (agreement == 1) == (over == "all")


def test_a_tie_of_smoothed_labels_falls_to_the_first_class():
    labels = np.array([0, 0, 1])
    maker = LabelTargets(column(labels), 2, 0.5, over="others")
    stream = TargetStream(maker)
    assert [q.argmax(axis=1).tolist() for q in stream] == [[0, 0, 0]]
    assert label_report(maker, stream).figures.agreement.value == pytest.approx(2 / 3)


@pytest.mark.parametrize("k", [6, 80])
def test_smoothing_follows_the_difficulty(k):
    z, y = rows(200, k)
    z[5, (y[5] + 1) % k] = -np.inf
    maker = LabelTargets(column(y), k, 0.05, hardest=0.4, difficulty=Dataset.of(z, y))
    q = np.concatenate(list(TargetStream(maker)))
    p = softmax(z.astype(float), axis=1)[np.arange(200), y]
    eps = 0.05 + 0.35 * (1 - p)
    np.testing.assert_allclose(q[np.arange(200), y], 1 - eps + eps / k, rtol=2e-6)
    np.testing.assert_allclose(q[np.arange(200), (y + 1) % k], eps / k, rtol=2e-5)


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
@pytest.mark.parametrize(("n", "k"), [(3, 2), (300, 7), (1500, 100)])
@pytest.mark.parametrize("temperature", [0.05, 1, 4, 1e40])
def test_teacher_against_scipy(dtype, n, k, temperature):
    z = rows(n, k)[0].astype(dtype)
    want = softmax(z.astype(float) / temperature, axis=1)
    got = teacher_targets(z, temperature=temperature)
    assert got.dtype == np.float32
    np.testing.assert_allclose(got, want, rtol=3e-5, atol=1e-37)


@pytest.mark.parametrize("k", [7, 100])
def test_masked_and_very_negative_classes(k):
    z, y = rows(40, k)
    z[np.arange(40), (y + 1) % k] = -np.inf
    z[np.arange(40), (y + 2) % k] = -3.4e38
    dataset = Dataset.of(z, y)
    for mix in (None, 0.7):
        for temperature in (1e-3, 1.0, 1e30, 1e38):
            stream = TargetStream(TeacherTargets(dataset, temperature, mix))
            q = np.concatenate(list(stream))
            assert np.isfinite(q).all()
            assert np.isfinite(stream.sums.values).all()
            assert (q[np.arange(40), (y + 1) % k] == 0).all()
    want = softmax(z.astype(float) / 1e38, axis=1)
    np.testing.assert_allclose(teacher_targets(z, temperature=1e38), want, rtol=1e-5)


@pytest.mark.parametrize("mix", [0.0, 0.35, 1.0, None])
@pytest.mark.parametrize(("n", "k"), [(120, 2), (300, 9), (2000, 70)])
def test_mix_and_figures_against_brute_force(n, k, mix):
    z, y = rows(n, k)
    share = 1.0 if mix is None else mix
    want = share * softmax(z.astype(float) / 3, axis=1) + (1 - share) * np.eye(k)[y]
    np.testing.assert_allclose(
        teacher_targets(z, y, temperature=3, mix=mix), want, rtol=1e-5, atol=1e-9
    )
    (point,) = sweep(Dataset.of(z, y), [3.0], mix)
    assert point.temperature == 3.0
    names = ("entropy", "true_class", "runner_up", "rest", "agreement")
    assert_figures(point, want, y, names)


def test_without_labels_the_true_class_is_the_first_argmax():
    z, y = rows(200, 8)
    z[:, 3] = z.max(axis=1)  # ties
    (point,) = sweep(Dataset.of(z), [2.0])
    want = softmax(z.astype(float) / 2, axis=1)
    assert_figures(point, want, z.argmax(axis=1))
    assert point.agreement is None
    (known,) = sweep(Dataset.of(z, y), [2.0])
    assert known.agreement.value == (z.argmax(axis=1) == y).mean()


def test_the_stream_and_the_sweep_agree():
    z, y = rows(30_000, 30)  # two blocks
    dataset = Dataset.of(z, y)
    maker = TeacherTargets(dataset, 2.5, 0.8)
    stream = TargetStream(maker)
    list(stream)
    (_, point) = sweep(dataset, [1.0, 2.5], 0.8)
    names = ("entropy", "true_class", "runner_up", "rest", "agreement")
    np.testing.assert_allclose(
        stream.sums.means, [getattr(point, n).value for n in names],
        rtol=1e-12,
    )  # fmt: skip


@pytest.mark.parametrize("k", [10, 100])
def test_nothing_depends_on_the_workers(k):
    z, y = rows(200_000 // k * 10, k)
    dataset = Dataset.of(z, y)
    seen = set()
    for workers in (1, 2, 5):
        stream = TargetStream(TeacherTargets(dataset, 2.0, 0.9))
        with running(workers=workers):
            q = np.concatenate(list(stream))
            found = temperature_for_entropy(dataset, 1.0)
        seen.add((q.tobytes(), stream.sums.values.tobytes(), found))
    assert len(seen) == 1


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: smoothed_targets([0, 3], 3), "expected labels from 0 to 2, found 0 to 3"),
        (lambda: smoothed_targets([1, 3], 3), "`label_offset=1`"),
        (lambda: smoothed_targets([0, -100], 3), "marks rows to leave out"),
        (lambda: smoothed_targets([0, 0.5], 3), "not whole in row 1"),
        (lambda: smoothed_targets([0, np.nan], 3), "not whole in row 1"),
        (lambda: smoothed_targets([[0, 1]], 3), "one class index per row"),
        (lambda: smoothed_targets(np.zeros(0), 3), "at least one label"),
        (lambda: smoothed_targets(["a"], 3), "whole numbers"),
        (lambda: smoothed_targets([0], 1), "at least 2, got 1"),
        (lambda: smoothed_targets([0], 3, smoothing=1.0), "not including, 1, got 1"),
        (lambda: smoothed_targets([0], 3, smoothing=np.nan), "got nan"),
        (lambda: smoothed_targets([0, 1], 3, smoothing=[0.1]), "2 amounts"),
        (lambda: smoothed_targets([0, 1], 3, smoothing=[0.1, np.nan]), "nan in row 1"),
        (lambda: smoothed_targets([0, 1], 3, smoothing=[0.1, 1]), "found 1 in row 1"),
        (lambda: smoothed_targets([0], 3, over="most"), "one of all, others, got 'most'"),
        (lambda: teacher_targets(np.eye(2) * 3, temperature=0), "positive finite"),
        (lambda: teacher_targets(np.eye(2) * 3, temperature=1, mix=0.5), "expected labels"),
        (lambda: teacher_targets(np.eye(2) * 3, [0, 1], temperature=1, mix=1.5), "got 1.5"),
        (lambda: LabelTargets(column([0]), 3, 0.1, hardest=0.2), "range of amounts"),
    ],
)
def test_what_cannot_be_used(call, said):
    with pytest.raises(InputError) as caught:
        call()
    assert said in str(caught.value)


def test_logits_as_wide_as_float32_goes():
    z = np.tile(np.float32([3e38, -3e38, 0, 1e38]), (5, 1))
    want = softmax(z.astype(float) / 1e38, axis=1)
    np.testing.assert_allclose(teacher_targets(z, temperature=1e38), want, rtol=1e-5)


def test_the_sums_of_a_stream_come_after_its_end():
    with pytest.raises(ValueError, match="not been read"):
        _ = TargetStream(LabelTargets(column([0]), 3, 0.1)).sums
