"""calibrate clusters, through real processes on real files."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from conftest import SAMPLES, Run, contents, refused

from calibrate.analyses.candidates import default_names
from calibrate.analyses.clusters import FIGURES, measure_clusters, open_models

MNIST = [SAMPLES / "mnist" / f"{name}_test.npy" for name in ("hard", "smooth", "labels")]

RNG = np.random.default_rng(0)
N, K, D = 90, 5, 7
Y = np.arange(N) % 4  # class 4 has no rows
Z = (RNG.normal(size=(N, K)) + 3 * np.eye(K)[Y]).astype(np.float32)
X = RNG.normal(size=(N, D)).astype(np.float32)
W = RNG.normal(size=(K, D)).astype(np.float32)


def spoiled(array: np.ndarray, row: int, column: int, value: float) -> np.ndarray:
    changed = array.copy()
    changed[row, column] = value
    return changed


ARRAYS = {
    "z": Z,
    "z2": Z / 2,
    "y": Y,
    "x": X,
    "w": W,
    "short": Z[:80],
    "short_y": Y[:80],
    "wide": np.c_[Z, Z[:, :1]],
    "masked": spoiled(Z, 4, 1, -np.inf),
    "lowest": spoiled(Z, 4, 1, np.finfo(np.float32).min),
    "huge": spoiled(Z, 4, 0, 1e35),
    "nan": spoiled(Z, 4, 1, np.nan),
    "short_x": X[:80],
    "flat_x": X[:, 0],
    "nan_x": spoiled(X, 6, 3, np.nan),
    "nan_w": spoiled(W, 1, 3, np.nan),
    "text_w": W.astype(str),
    "other_w": W[:, :6],
    "square_x": X[:, :K],
    "square_w": W[:, :K],
    "line_w": np.arange(K)[:, None] * W[:1],
}
NAMES = "cat\ndog\nfox\nowl\nelk\n"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path) -> Path:
    for name, array in ARRAYS.items():
        np.save(tmp_path / f"{name}.npy", array)
    (tmp_path / "names.txt").write_text(NAMES)
    (tmp_path / "few.txt").write_text("cat\ndog\n")
    return tmp_path


def test_smoothing_tightens_clusters_and_evens_wrong_classes(run: Run, tmp_path: Path):
    done = run("clusters", *MNIST, "--classes", "3,5,8", "--format", "json")
    assert done.returncode == 0, done.stderr
    assert done.stderr == "wrote clusters.png\n"
    assert (tmp_path / "clusters.png").read_bytes().startswith(b"\x89PNG")
    report = json.loads(done.stdout, parse_constant=pytest.fail)
    assert report["schema"] == "calibrate.clusters/1"
    assert [c["index"] for c in report["classes"]] == [3, 5, 8]
    hard, smooth = report["models"]
    assert (hard["name"], smooth["name"]) == ("hard_test", "smooth_test")
    assert hard["change"] is None
    for name in ("within_over_between", "wrong_spread_over_gap"):
        assert smooth["figures"][name]["value"] < hard["figures"][name]["value"]
        assert smooth["change"][name]["high"] < 0


def test_json_is_what_the_library_says(run: Run, folder: Path):
    files = ["z.npy", "z2.npy", "y.npy"]
    done = run("clusters", *files, "--classes", "0,1,3", "--seed", 5, "--bootstrap", 70,
               "--format", "json")  # fmt: skip
    got = json.loads(done.stdout)
    models = open_models([str(folder / name) for name in files])
    want = measure_clusters(models, (0, 1, 3), seed=5, bootstrap=70)
    for of_model, wanted in zip(got["models"], want.models, strict=True):
        assert list(of_model["figures"]) == list(FIGURES)
        for name, figure in wanted.figures.items():
            assert of_model["figures"][name] == vars(figure)
        assert of_model["means"] == [list(pair) for pair in wanted.means]
        assert of_model["templates"] == [list(pair) for pair in wanted.templates]
    assert got["data"] == {"labels": "y.npy", "rows": N, "classes": K}
    assert [c["rows"] for c in got["classes"]] == [(k == Y).sum() for k in (0, 1, 3)]


@pytest.mark.draws
@pytest.mark.parametrize("suffix", ["png", "svg", "pdf"])
def test_the_same_picture_again(run: Run, folder: Path, suffix: str):
    contents = set()
    for workers in (1, 2):
        done = run("clusters", "z.npy", "y.npy", "--classes", "0,1,2", "-o", f"c.{suffix}",
                   "--workers", workers, "--dpi", 60)  # fmt: skip
        assert done.returncode == 0, done.stderr
        contents.add((folder / f"c.{suffix}").read_bytes())
    assert len(contents) == 1


def test_names_of_classes_and_panels(run: Run):
    common = ["clusters", "z.npy", "z2.npy", "y.npy", "--classes", "owl,0,dog"]
    named = ["--class-names", "names.txt", "--name", "hard", "--name", "so|ft"]
    text = run(*common, *named).stdout
    assert "owl (22 rows), cat (23 rows), dog (23 rows)" in text
    header = next(line for line in text.splitlines() if line.startswith("figure"))
    assert header.split() == ["figure", "hard", "so|ft", "change"]
    markdown = run(*common, *named, "--format", "markdown").stdout
    assert "| figure | hard | so\\|ft | change |" in markdown
    for name in FIGURES:
        assert sum(line.startswith(name + " ") for line in text.splitlines()) == 1
        assert f"| {name} | " in markdown


def test_features_and_weights_in_order(run: Run, folder: Path):
    np.save(folder / "wt.npy", W.T)
    np.save(folder / "x3.npy", 3 * X.astype(np.float64))
    done = run(
        "clusters", "z.npy", "z.npy", "y.npy", "--classes", "0,1,2", "--features", "x.npy",
        "--last-layer", "w.npy", "--features", "x3.npy", "--last-layer", "wt.npy",
        "--format", "json",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    first, second = json.loads(done.stdout)["models"]
    assert (second["features"], second["weights"]) == ("x3.npy", "wt.npy")
    within = [m["figures"]["within"]["value"] for m in (first, second)]
    assert within[1] == pytest.approx(3 * within[0], rel=1e-6)
    assert first["templates"] == pytest.approx(np.array(second["templates"]))
    flipped = [m["change"] for m in (first, second)]
    assert flipped[0] is None
    assert flipped[1]["wrong_spread"] == {"value": 0, "low": 0, "high": 0}


def test_a_square_of_weights_with_its_axis(run: Run):
    common = ["clusters", "z.npy", "y.npy", "--classes", "0,1,2", "--features", "square_x.npy",
              "--last-layer", "square_w.npy", "--format", "json"]  # fmt: skip
    found = [run(*common, "--weights-axis", axis).stdout for axis in (0, 1)]
    sides = []
    for text in found:
        a, b, _ = json.loads(text)["models"][0]["templates"]
        sides.append(np.hypot(a[0] - b[0], a[1] - b[1]))
    square = W[:, :K].astype(float)
    want = [np.linalg.norm(m[0] - m[1]) for m in (square, square.T)]
    assert sides == pytest.approx(want)


def test_masked_classes_beyond_the_three(run: Run):
    """Row 4 is of class 0, class 1 is masked there and not among the three."""
    common = ["y.npy", "--classes", "0,2,3", "--bootstrap", 0, "--format", "json"]
    masked, lowest = (run("clusters", name, *common) for name in ("masked.npy", "lowest.npy"))
    assert masked.returncode == lowest.returncode == 0
    figures = [json.loads(done.stdout)["models"][0]["figures"] for done in (masked, lowest)]
    assert figures[0] == figures[1]
    assert masked.stderr == "wrote clusters.png\n"
    warning = "warning: lowest.npy: 1 finite logits of -1e+08 or less"
    assert lowest.stderr.startswith(warning)


def test_masked_classes_do_not_hinder_features(run: Run):
    done = run("clusters", "masked.npy", "y.npy", "--classes", "0,1,2", *["--features", "x.npy"],
               "--last-layer", "w.npy")  # fmt: skip
    assert done.returncode == 0, done.stderr


def test_labels_from_1(run: Run, folder: Path):
    np.save(folder / "y1.npy", Y + 1)
    texts = [
        run("clusters", "z.npy", name, "--classes", "0,1,2", "--label-offset", offset).stdout
        for name, offset in (("y.npy", 0), ("y1.npy", 1))
    ]
    assert texts[0].splitlines()[1:] == texts[1].splitlines()[1:]
    assert "within_over_between" in texts[0]


def test_titles_tell_files_apart():
    assert default_names(["a/hard.npy", "b/smooth.npz:logits"]) == ["hard", "smooth"]
    assert default_names(["a/z.npy", "b/z.npy"]) == ["a/z.npy", "b/z.npy"]


WITH = "clusters z.npy y.npy --classes 0,1,2 --features"

# name: (arguments, what the line must say)
BAD: dict[str, tuple[str, list[str]]] = {
    "no classes": ("clusters z.npy y.npy", ["--classes"]),
    "no files": ("clusters --classes 0,1,2", ["LOGITS... LABELS"]),
    "one file": ("clusters z.npy --classes 0,1,2", ["at least two files, got 1: z.npy", "last"]),
    "missing file": ("clusters no.npy y.npy --classes 0,1,2", ["no.npy: no such file"]),
    "labels first": ("clusters y.npy z.npy --classes 0,1,2", ["y.npy", "z.npy"]),
    "labels left out": ("clusters z.npy z2.npy --classes 0,1,2", ["z2.npy"]),
    "two classes": ("clusters z.npy y.npy --classes 0,1", ["three different classes, got 2: 0, 1"]),
    "four": ("clusters z.npy y.npy --classes 0,1,2,3", ["three different classes, got 4"]),
    "the same twice": ("clusters z.npy y.npy --classes 0,1,0", ["three different", "0, 1, 0"]),
    "class beyond": ("clusters z.npy y.npy --classes 0,1,5", ["from 0 to 4, got 5"]),
    "no number": ("clusters z.npy y.npy --classes 0,1,x", ["classes", "got 'x'"]),
    "nothing": ("clusters z.npy y.npy --classes 0,1,", ["classes", "got ''"]),
    "unknown name": (
        "clusters z.npy y.npy --classes cat,dog,foxx --class-names names.txt",
        ["got 'foxx'", "did you mean fox?"],
    ),
    "few names": (
        "clusters z.npy y.npy --classes 0,1,2 --class-names few.txt",
        ["few.txt: expected 5 names"],
    ),
    "class without rows": (
        "clusters z.npy z2.npy y.npy --classes 0,1,elk --class-names names.txt",
        ["y.npy: expected rows of each of the three classes, found none of class 4 (elk)"],
    ),
    "other rows": ("clusters z.npy short.npy y.npy --classes 0,1,2", ["short.npy", "90", "80"]),
    "other classes": (
        "clusters z.npy wide.npy y.npy --classes 0,1,2",
        ["wide.npy: expected the same rows and classes as in z.npy (90 x 5), found 90 x 6"],
    ),
    "masked": (
        "clusters masked.npy y.npy --classes 0,2,1",
        ["masked.npy: class 1 is masked in row 4", "leave those rows out"],
    ),
    "masked finitely": (
        "clusters lowest.npy y.npy --classes 0,2,1",
        ["class 1 is masked in row 4"],
    ),
    "huge": ("clusters huge.npy y.npy --classes 0,1,2", ["huge.npy: row 4 lies more than 1e+30"]),
    "NaN": ("clusters nan.npy y.npy --classes 0,1,2", ["nan.npy", "NaN at row 4, column 1"]),
    "--name": (
        "clusters z.npy y.npy --classes 0,1,2 --name a --name b",
        ["--name: expected 1", "got 2: a, b"],
    ),
    "features alone": (f"{WITH} x.npy", ["--features without --last-layer"]),
    "weights alone": (
        "clusters z.npy y.npy --classes 0,1,2 --last-layer w.npy",
        ["--last-layer without --features"],
    ),
    "two features": (
        f"{WITH} x.npy --features x.npy --last-layer w.npy",
        ["--features: expected 1", "got 2"],
    ),
    "two weights": (
        f"{WITH} x.npy --last-layer w.npy --last-layer w.npy",
        ["--last-layer: expected 1", "got 2"],
    ),
    "no such features": (f"{WITH} no.npy --last-layer w.npy", ["no.npy: no such file"]),
    "short features": (
        f"{WITH} short_x.npy --last-layer w.npy",
        ["short_x.npy", "(90, d)", "(80, 7)"],
    ),
    "1-D features": (f"{WITH} flat_x.npy --last-layer w.npy", ["flat_x.npy", "(90, d)", "(90,)"]),
    "NaN features": (f"{WITH} nan_x.npy --last-layer w.npy", ["nan_x.npy", "row 6, column 3"]),
    "NaN weights": (f"{WITH} x.npy --last-layer nan_w.npy", ["nan_w.npy", "NaN or infinity"]),
    "text weights": (f"{WITH} x.npy --last-layer text_w.npy", ["text_w.npy", "real numbers", "<U"]),
    "other weights": (
        f"{WITH} x.npy --last-layer other_w.npy",
        ["other_w.npy", "(5, 7) or (7, 5)", "(5, 6)"],
    ),
    "square weights": (
        f"{WITH} square_x.npy --last-layer square_w.npy",
        ["square_w.npy", "(5, 5)", "--weights-axis 0", "--weights-axis 1"],
    ),
    "axis": (
        f"{WITH} x.npy --last-layer w.npy --weights-axis 1",
        ["w.npy", "shape (7, 5)", "found float32 of shape (5, 7)"],
    ),
    "axis 2": (f"{WITH} x.npy --last-layer w.npy --weights-axis 2", ["--weights-axis"]),
    "on a line": (
        f"{WITH} x.npy --last-layer line_w.npy",
        ["line_w.npy", "on a line", "choose other"],
    ),
    "output kind": ("clusters z.npy y.npy --classes 0,1,2 -o c.bmp", ["c.bmp", ".png, .svg"]),
    "output folder": (
        "clusters z.npy y.npy --classes 0,1,2 -o no/c.png",
        ["no/c.png", "create it"],
    ),
    "units": ("clusters z.npy y.npy --classes 0,1,2 --units miles", ["miles", "relative"]),
    "bootstrap": ("clusters z.npy y.npy --classes 0,1,2 --bootstrap -1", ["--bootstrap"]),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
def test_one_line_and_nothing_written(name: str, run: Run, folder: Path):
    arguments, said = BAD[name]
    before = contents(folder)
    refused(run(*arguments.split()), *said)
    assert contents(folder) == before
