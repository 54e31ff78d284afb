"""calibrate targets, through real processes on real files."""

from __future__ import annotations

import io
import json
from pathlib import Path

import numpy as np
import pytest
from conftest import contents, refused
from whole_targets import smoothed_targets, teacher_targets

import calibrate
from calibrate.analyses.targets.entropy import temperature_for_entropy
from calibrate.analyses.targets.stream import sweep
from calibrate.calibrators.protocol import Shape
from calibrate.data.dataset import Dataset

FIGURES = ("entropy", "true_class", "runner_up", "rest", "agreement")


@pytest.mark.parametrize("over", [None, "all", "others"])
def test_smoothed_labels(run, files, data, over):
    more = ["--smoothing-over", over] if over else []
    done = run(
        "targets",
        "labels",
        "y.npy",
        "--n-classes",
        7,
        "--smoothing",
        0.2,
        *more,
        "--format",
        "json",
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == "wrote targets.npy: float32 of shape (400, 7)\n"
    got = np.load(files[0].with_name("targets.npy"))
    want = smoothed_targets(data[1], 7, smoothing=0.2, over=over or "all")
    assert got.dtype == np.float32
    np.testing.assert_array_equal(got, want)
    said = json.loads(done.stdout)
    assert said["schema"] == "calibrate.targets/1"
    assert said["data"] == {"labels": "y.npy", "teacher": None, "rows": 400, "classes": 7}
    assert said["smoothing"]["over"] == (over or "all")
    assert said["smoothing"]["mean"]["value"] == pytest.approx(0.2)
    assert said["temperature"] is said["mix"] is said["sweep"] is None
    assert said["true_class"] == "label"
    assert said["figures"]["true_class"]["value"] == pytest.approx(float(want.max()))
    assert said["figures"]["agreement"]["value"] == 1
    assert set(said["figures"]) == set(FIGURES)


def test_amounts_from_a_file_and_offset(run, files, data):
    eps = np.random.default_rng(0).uniform(0, 0.5, 400)
    np.savez(files[0].with_name("e.npz"), eps=eps)
    np.save(files[0].with_name("y1.npy"), data[1].astype(np.float32) + 1)
    done = run("targets", "labels", "y1.npy", "--n-classes", 7, "--smoothing", "e.npz:eps",
               "--label-offset", 1, "-o", "q.npy")  # fmt: skip
    assert done.returncode == 0, done.stderr
    got = np.load(files[0].with_name("q.npy"))
    np.testing.assert_array_equal(got, smoothed_targets(data[1], 7, smoothing=eps))
    assert f"{eps.mean():.4f} [" in done.stdout


def test_amounts_by_difficulty(run, files, data):
    done = run("targets", "labels", "y.npy", "--smoothing", "0:0.2", "--difficulty", "z.npy")
    assert done.returncode == 0, done.stderr
    p = calibrate.Temperature(1.0).apply(data[0])[np.arange(400), data[1]].astype(float)
    want = smoothed_targets(data[1], 7, smoothing=0.2 * (1 - p))
    np.testing.assert_allclose(np.load(files[0].with_name("targets.npy")), want, rtol=1e-4)


def test_a_teacher_at_a_temperature(run, files, data):
    done = run("targets", "teacher", "z.npy", "--temperature", 4)
    assert done.returncode == 0, done.stderr
    got = np.load(files[0].with_name("targets.npy"))
    np.testing.assert_array_equal(got, teacher_targets(data[0], temperature=4))
    assert "T = 4.00" in done.stdout
    assert "no labels were given" in done.stdout
    assert "agreement" not in done.stdout


@pytest.mark.usefixtures("files")
def test_a_teacher_at_an_entropy(run, data):
    done = run("targets", "teacher", "z.npy", "--entropy", 1.2, "--format", "json")
    said = json.loads(done.stdout)
    assert said["temperature"] == temperature_for_entropy(Dataset.of(data[0]), 1.2)
    assert said["figures"]["entropy"]["value"] == pytest.approx(1.2, rel=1e-6)
    assert said["true_class"] == "teacher"
    assert said["figures"]["agreement"] is None


def test_a_teacher_with_its_calibrator_mixed_with_labels(run, files, data):
    run("fit", *files, "-o", "c.json")
    done = run("targets", "teacher", "z.npy", "-c", "c.json", "--mix", 0.9, "--labels", "y.npy",
               "--format", "json")  # fmt: skip
    assert done.returncode == 0, done.stderr
    t = calibrate.fit(*data).temperature
    got = np.load(files[0].with_name("targets.npy"))
    np.testing.assert_array_equal(got, teacher_targets(*data, temperature=t, mix=0.9))
    said = json.loads(done.stdout)
    assert (said["temperature"], said["mix"], said["true_class"]) == (t, 0.9, "label")
    agreement = (got.argmax(axis=1) == data[1]).mean()
    assert said["figures"]["agreement"]["value"] == pytest.approx(agreement)


def test_probabilities_of_a_teacher(run, files, data):
    run("apply", "z.npy", "--temperature", 1, "-o", "p.npy")
    done = run("targets", "teacher", "p.npy", "--scores", "probabilities", "--temperature", 3)
    assert done.returncode == 0, done.stderr
    got = np.load(files[0].with_name("targets.npy"))
    np.testing.assert_allclose(got, teacher_targets(data[0], temperature=3), rtol=1e-5)


@pytest.mark.usefixtures("files")
def test_the_entropy_is_that_before_the_mix(run):
    done = run("targets", "teacher", "z.npy", "--entropy", 1.2, "--mix", 0.5, "--labels", "y.npy")
    assert "before the label is mixed in" in done.stderr
    plain = run("targets", "teacher", "z.npy", "--entropy", 1.2)
    assert "1.2000" in plain.stdout
    assert "1.2000" not in done.stdout


def test_targets_to_stdout_figures_to_stderr(run, files, data):
    done = run("targets", "teacher", "z.npy", "--temperature", 2, "-o", "-", text=False)
    np.testing.assert_array_equal(
        np.load(io.BytesIO(done.stdout)), teacher_targets(data[0], temperature=2)
    )
    assert b"what a student sees" in done.stderr
    assert b"wrote" not in done.stderr
    assert not files[0].with_name("targets.npy").exists()


@pytest.mark.usefixtures("files")
def test_a_device_is_written_to(run):
    done = run("targets", "labels", "y.npy", "--n-classes", 7, "--smoothing", 0, "-o", "/dev/null")
    assert done.returncode == 0
    assert not Path("/dev/null").is_file()


@pytest.mark.parametrize("labels", [True, False])
def test_a_sweep_writes_a_picture_and_no_targets(run, files, data, labels):
    more = ["--labels", "y.npy"] if labels else []
    done = run("targets", "teacher", "z.npy", "--sweep", "8,1,2.5,1", *more, "--format", "json")
    assert done.returncode == 0, done.stderr
    assert done.stderr == "wrote targets.png\n"
    said = json.loads(done.stdout)
    assert said["figures"] is said["temperature"] is None
    assert [point["temperature"] for point in said["sweep"]] == [1, 2.5, 8]
    dataset = Dataset.of(data[0], data[1] if labels else None)
    for point, want in zip(said["sweep"], sweep(dataset, [1.0, 2.5, 8.0]), strict=True):
        assert point["entropy"]["value"] == want.entropy.value
        assert point["rest"]["high"] == want.rest.high
        assert (point["agreement"] is not None) == labels
    assert files[0].with_name("targets.png").read_bytes().startswith(b"\x89PNG")
    assert not files[0].with_name("targets.npy").exists()


def test_a_sweep_as_a_table(run, files):
    common = ("targets", "teacher", "z.npy", "--sweep", "1,4", "--labels", "y.npy")
    text = run(*common, "-o", "a.svg").stdout.splitlines()
    assert " ".join(text[3].split()) == "T entropy (nats) true class runner-up the rest agreement"
    assert [line.split()[0] for line in text[4:]] == ["1.00", "4.00"]
    markdown = run(*common, "-o", "a.svg", "--format", "markdown").stdout
    assert "| T | entropy (nats) | true class | runner-up | the rest | agreement |" in markdown
    assert "\n| 4.00 | " in markdown
    assert files[0].with_name("a.svg").read_text().startswith("<?xml")


@pytest.mark.parametrize("temperatures", [[3.0], [0.5 + i / 2 for i in range(60)]])
def test_the_picture_shows_the_figures(temperatures, data, tmp_path):
    from calibrate.analyses.targets.stream import sweep_report
    from calibrate.renderers.plots.style import save_figure
    from calibrate.renderers.plots.targets import targets_figure

    dataset = Dataset.of(*data)
    report = sweep_report(dataset, sweep(dataset, temperatures, 0.9), 0.9)
    figure = targets_figure(report)
    top, bottom = figure.axes
    for line, name in zip(top.lines, ("true_class", "runner_up", "rest"), strict=True):
        assert list(line.get_xdata()) == temperatures
        want = [getattr(point, name).value for point in report.sweep]
        assert list(line.get_ydata()) == want
    assert list(bottom.lines[0].get_ydata()) == [p.entropy.value for p in report.sweep]
    assert bottom.lines[1].get_ydata()[0] == pytest.approx(np.log(7))
    ticks = list(bottom.get_xticks())
    assert {ticks[0], ticks[-1]} == {temperatures[0], temperatures[-1]}
    assert len(ticks) <= 13
    save_figure(figure, tmp_path / "t.png")


def test_the_same_bytes_for_any_number_of_workers(run, tmp_path):
    rng = np.random.default_rng(0)
    z = rng.normal(scale=3, size=(30_000, 100)).astype(np.float32)
    np.savez(tmp_path / "a.npz", logits=z, labels=rng.integers(0, 100, 30_000))
    outputs = set()
    for workers in (1, 2, 4):
        done = run("targets", "teacher", "a.npz", "--labels", "a.npz", "--entropy", 1.5, "--mix",
                   0.9, "--format", "json", "--workers", workers)  # fmt: skip
        outputs.add((done.stdout, (tmp_path / "targets.npy").read_bytes()))
    assert len(outputs) == 1


LABELS = "targets labels y.npy --n-classes 7 --smoothing"
TEACHER = "targets teacher z.npy"

# name: (arguments, what the line must say)
BAD: dict[str, tuple[str, list[str]]] = {
    "nothing": ("targets", ["Missing command", "calibrate targets --help"]),
    "labels as before": (
        "targets y.npy --smoothing 0.1", ["targets y.npy: ", "targets labels LABELS"],
    ),
    "a teacher as before": (
        "targets --teacher z.npy", ["targets --teacher: ", "targets teacher LOGITS"],
    ),
    "no smoothing": ("targets labels y.npy --n-classes 7", ["--smoothing"]),
    "no classes": ("targets labels y.npy --smoothing 0.1", ["expected --n-classes"]),
    "no such file": ("targets labels no.npy --n-classes 7 --smoothing 0", ["no.npy: no such file"]),
    "eps negative": (f"{LABELS} -0.1", ["smoothing", "got -0.1"]),
    "eps a word": (f"{LABELS} lots", ["--smoothing", "0:0.2", "'lots'"]),
    "eps three": (f"{LABELS} 0:1:2", ["--smoothing", "'0:1:2'"]),
    "eps over what": (f"{LABELS} 0.1 --smoothing-over some", ["--smoothing-over", "some"]),
    "eps short": (f"{LABELS} short.npy", ["short.npy: expected 400 amounts", "(399,)"]),
    "eps with NaN": (f"{LABELS} nan.npy", ["nan.npy", "nan in row 5 (1 in all)"]),
    "eps strings": (f"{LABELS} text.npy", ["text.npy", "real numbers"]),
    "range alone": (f"{LABELS} 0:0.2", ["--difficulty together"]),
    "difficulty alone": (f"{LABELS} 0.1 --difficulty z.npy", ["--smoothing EASY:HARD"]),
    "difficulty of other rows": (
        "targets labels y.npy --smoothing 0:0.2 --difficulty z9.npy", ["400 labels", "9 rows"],
    ),
    "difficulty of other classes": (
        "targets labels y.npy --n-classes 8 --smoothing 0:0.2 --difficulty z.npy",
        ["z.npy: expected difficulty logits of shape (400, 8), found (400, 7)"],
    ),
    "labels from 1": (
        "targets labels y1.npy --n-classes 7 --smoothing 0.1", ["1 to 7", "--label-offset 1"],
    ),
    "logits as labels": (
        "targets labels z.npy --n-classes 7 --smoothing 0.1",
        ["one class index per row", "of a teacher?"],
    ),
    "no temperature": (TEACHER, ["exactly one of --temperature, --entropy"]),
    "two temperatures": (f"{TEACHER} --temperature 2 --entropy 1", ["exactly one of"]),
    "temperature 0": (f"{TEACHER} --temperature 0", ["positive finite number, got 0"]),
    "entropy too high": (f"{TEACHER} --entropy 2", ["z.npy: no temperature", "1.94591015"]),
    "entropy 0": (f"{TEACHER} --entropy 0", ["more than 0 (T -> 0)"]),
    "mix without labels": (f"{TEACHER} --temperature 2 --mix 0.5", ["pass --labels"]),
    "mix over 1": (f"{TEACHER} --temperature 2 --mix 1.1 --labels y.npy", ["0 to 1, got 1.1"]),
    "no calibrator": (f"{TEACHER} -c no.json", ["no.json: no such calibrator"]),
    "another calibrator": (f"{TEACHER} -c nine.json", ["expected 9 classes", "found 7"]),
    "labels of other rows": (f"{TEACHER} --temperature 2 --labels y9.npy", ["9 labels", "400"]),
    "soft labels of a teacher": (
        f"{TEACHER} --temperature 2 --labels soft.npy",
        ["soft.npy: expected one class index per row, found shares of classes"],
    ),
    "a teacher with NaN": ("targets teacher zn.npy --temperature 2", ["NaN at row 3, column 1"]),
    "probabilities": ("targets teacher p.npy --temperature 2", ["--scores probabilities"]),
    "sweep of words": (f"{TEACHER} --sweep 1,two", ["--sweep", "1,2,4,8", "'1,two'"]),
    "sweep of nothing": (f"{TEACHER} --sweep ,", ["--sweep", "','"]),
    "sweep of 0": (f"{TEACHER} --sweep 0,1", ["positive finite number, got 0"]),
    "plot of another kind": (f"{TEACHER} --sweep 1,2 -o a.gif", [".png, .svg, .pdf"]),
    "onto an input": (f"{TEACHER} --temperature 2 -o z.npy", ["z.npy: is an input"]),
    "onto the amounts": (f"{LABELS} nan.npy -o nan.npy", ["nan.npy: is an input"]),
    "onto an archive": (
        "targets teacher a.npz:logits --temperature 2 -o a.npz", ["a.npz: is an input"],
    ),
    "into nowhere": (f"{TEACHER} --temperature 2 -o no/q.npy", ["does not exist"]),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
def test_bad_input(run, files, data, name):
    z, y = data
    folder = files[0].parent
    arrays = {
        "y1": y + 1, "z9": z[:9], "y9": y[:9],
        "short": np.full(399, 0.1), "text": np.full(400, "a"),
        "nan": np.where(np.arange(400) == 5, np.nan, 0.1),
        "zn": np.where(np.arange(2800).reshape(400, 7) == 22, np.nan, z),
        "soft": np.full((400, 7), 1 / 7),
        "p": calibrate.Temperature(1.0).apply(z),
    }  # fmt: skip
    for key, array in arrays.items():
        np.save(folder / f"{key}.npy", array)
    np.savez(folder / "a.npz", logits=z)
    calibrate.save(calibrate.Temperature(2.0, Shape(classes=9)), folder / "nine.json")
    before = contents(folder)
    arguments, said = BAD[name]
    refused(run(*arguments.split()), *said)
    assert contents(folder) == before


def with_ignored(files: tuple[Path, Path], data: tuple[np.ndarray, np.ndarray]) -> np.ndarray:
    """Write ``yi.npy``, with rows to leave out at both ends and between; which rows count."""
    counts = np.random.default_rng(1).uniform(size=400) > 0.3
    counts[:3] = counts[-5:] = False
    np.save(files[0].with_name("yi.npy"), np.where(counts, data[1], -100))
    return counts


@pytest.mark.parametrize(
    "more",
    [
        ("labels", "yi.npy", "--n-classes", 7, "--smoothing", 0.2),
        ("labels", "yi.npy", "--n-classes", 7, "--smoothing", "e.npy"),
        ("labels", "yi.npy", "--smoothing", "0:0.2", "--difficulty", "z.npy"),
        ("teacher", "z.npy", "--labels", "yi.npy", "--temperature", 3),
        ("teacher", "z.npy", "--labels", "yi.npy", "--entropy", 1.2, "--mix", 0.7),
    ],
    ids=["amount", "amounts", "difficulty", "teacher", "mixed"],
)
def test_ignored_rows_get_zeros(run, files, data, more):
    """The others get what they get on their own, at their place, and make the figures."""
    counts, beside = with_ignored(files, data), files[0].with_name
    np.save(beside("e.npy"), np.random.default_rng(0).uniform(0, 0.5, 400))
    done = run("targets", *more, "--ignore-label", -100, "--format", "json")
    assert done.returncode == 0, done.stderr
    assert f"{400 - counts.sum()} rows with the label to ignore: their targets are all 0" in (
        done.stderr
    )
    assert "float32 of shape (400, 7)" in done.stderr
    found = np.load(beside("targets.npy"))
    assert found.shape == (400, 7)
    assert (found[~counts] == 0).all()
    for name in ("z.npy", "yi.npy", "e.npy"):
        np.save(beside(name), np.load(beside(name))[counts])
    alone = run("targets", *more, "--format", "json", "-o", "alone.npy")
    np.testing.assert_array_equal(found[counts], np.load(beside("alone.npy")))
    one, other = json.loads(done.stdout), json.loads(alone.stdout)
    assert one["data"]["rows"] == counts.sum()
    assert one["figures"]["entropy"]["value"] == other["figures"]["entropy"]["value"]


def test_the_library_ignores_rows_too(data):
    z, y = data
    counts = np.arange(400) % 3 > 0
    marked = np.where(counts, y, 255)
    smoothed = smoothed_targets(marked, 7, ignore_label=255)
    taught = teacher_targets(z, marked, temperature=2, ignore_label=255)
    np.testing.assert_array_equal(smoothed[counts], smoothed_targets(y[counts], 7))
    np.testing.assert_array_equal(taught[counts], teacher_targets(z[counts], temperature=2))
    assert not smoothed[~counts].any()
    assert not taught[~counts].any()
    with pytest.raises(calibrate.InputError, match="every label is to be left out"):
        smoothed_targets(y * 0 + 3, 7, ignore_label=3)
    with pytest.raises(calibrate.InputError, match="in row 4 "):
        smoothed_targets(np.array([9, 9, 1, 2, 0.5]), 7, ignore_label=9)
