"""Pictures: whose settings they have, what is in them, and which bytes."""

from __future__ import annotations

import re
import subprocess
import sys
from dataclasses import replace
from xml.etree import ElementTree

import numpy as np
import pytest
from conftest import ROOT, SAMPLES, fresh

import calibrate
from calibrate.metrics.biases import FEWEST
from calibrate.renderers.bins import pooled
from calibrate.renderers.plots import COMPARISON_PICTURES, PICTURES
from calibrate.renderers.plots.reliability import FAINT
from calibrate.renderers.plots.style import drawn

MNIST, LANGID = SAMPLES / "mnist", SAMPLES / "langid"
QUICK = calibrate.Settings(bootstrap=0)


def report_of(logits, labels, **more):
    return calibrate.cross_evaluate(logits, labels, settings=replace(QUICK, **more))


@pytest.fixture(scope="module")
def mnist():
    return report_of(*(np.load(MNIST / f"{name}_test.npy") for name in ("hard", "labels")))


@pytest.fixture(scope="module")
def langid():
    names = tuple((LANGID / "classes.txt").read_text().split())
    arrays = (np.load(LANGID / f"test_{name}.npy") for name in ("logits", "labels"))
    return report_of(*arrays, class_names=names)


ODD = "text.usetex: True\naxes.facecolor: red\nfont.size: 30\nno.such: 1\nlines.linewidth: x\n"
SURROUNDINGS = {
    "the backend of notebooks": {"MPLBACKEND": "module://matplotlib_inline.backend_inline"},
    "a backend that there is not": {"MPLBACKEND": "nonsense"},
    "settings that draw otherwise": {"matplotlibrc": ODD.encode()},
    "no folder for settings": {"MPLCONFIGDIR": "/dev/null/none"},
    "no home": {"HOME": "/dev/null/none", "MPLCONFIGDIR": "", "XDG_CONFIG_HOME": ""},
}


@pytest.fixture(scope="module")
def usual() -> dict[str, bytes]:
    """The picture that is drawn without any of these, once it is known."""
    return {}


@pytest.mark.usefixtures("files")
@pytest.mark.parametrize("name", SURROUNDINGS)
def test_settings_of_the_user_change_nothing(name, tmp_path, monkeypatch, usual):
    def stderr_of_a_fit(picture: str) -> str:
        """By a process that has not imported matplotlib yet, which reads the settings then."""
        process = fresh(tmp_path, "fit", "z.npy", "y.npy", "--figure", picture,
                        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)  # fmt: skip
        _, stderr = process.communicate(timeout=120)
        assert process.returncode == 0, stderr
        return stderr

    if not usual:
        stderr_of_a_fit("a.png")
        usual["picture"] = (tmp_path / "a.png").read_bytes()
    for key, value in SURROUNDINGS[name].items():
        if key == "matplotlibrc":
            (tmp_path / key).write_bytes(value)
        else:
            monkeypatch.setenv(key, value)
    stderr = stderr_of_a_fit("b.png")
    assert len(stderr.splitlines()) <= 4  # what the rows are, what is next, what was written
    assert stderr.endswith("b.png\n") or "\nwrote b.png\n" in stderr
    assert (tmp_path / "b.png").read_bytes() == usual["picture"]


@pytest.mark.usefixtures("files")
def test_settings_that_matplotlib_refuses(tmp_path, monkeypatch):
    (tmp_path / "matplotlibrc").write_bytes(b"font.size: \xff\xfe")
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    command = [sys.executable, "-m", "calibrate", "fit", "z.npy", "y.npy", "--figure", "b.png"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    said = "calibrate: plots cannot be drawn: Cannot decode configuration file 'matplotlibrc'"
    assert done.stderr.splitlines()[-1].startswith(said)
    assert not (tmp_path / "b.png").exists()


LIBRARY = """
import logging, os, sys, warnings
import numpy as np
{before}
import calibrate
from calibrate.renderers.plots import PICTURES
from calibrate.renderers.plots.style import drawn
rng = np.random.default_rng(0)
z = rng.normal(size=(300, 3))
report = calibrate.evaluate(z, z.argmax(1), settings=calibrate.Settings(bootstrap=0))
assert drawn(PICTURES["reliability"](report), "a.svg")
import matplotlib
assert "matplotlib.pyplot" not in sys.modules
assert logging.getLogger("matplotlib").level == logging.NOTSET
assert matplotlib.rcParams._get_backend_or_none() == {backend!r}, matplotlib.get_backend()
assert matplotlib.rcParams["font.size"] == {size}
assert os.environ.get("MPLBACKEND") == {environment!r}
assert os.getcwd() == {folder!r}
{after}
"""
PROCESSES = {
    "that set things": (
        "import matplotlib; matplotlib.use('svg'); matplotlib.rcParams['font.size'] = 30\n"
        "was = dict(matplotlib.rcParams)",
        "assert dict(matplotlib.rcParams) == was",
        ("svg", 30.0, None),
    ),
    "that imports matplotlib later": ("", "", ("pdf", 10.0, "pdf")),
}


@pytest.mark.parametrize("name", PROCESSES)
def test_a_process_finds_its_settings_unchanged(name, tmp_path, monkeypatch):
    before, after, (backend, size, environment) = PROCESSES[name]
    monkeypatch.delenv("MPLBACKEND", raising=False)
    if environment:
        monkeypatch.setenv("MPLBACKEND", environment)
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    code = LIBRARY.format(
        before=before,
        after=after,
        backend=backend,
        size=size,
        environment=environment,
        folder=str(tmp_path),
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_pdf_has_truetype_and_svg_has_text(mnist):
    figure = PICTURES["reliability"](mnist)
    pdf = drawn(figure, "a.pdf")
    assert b"/FontFile2" in pdf  # TrueType; type 3 has /CharProcs
    assert b"/CharProcs" not in pdf
    assert b"CreationDate" not in pdf
    svg = drawn(figure, "a.svg").decode()
    assert re.search(r"<text[^>]*>mean confidence</text>", svg)
    assert "dc:date" not in svg


def test_the_same_bytes_in_another_process(files, tmp_path, monkeypatch):
    names = ",".join(f"{n}{s}" for n, s in zip(PICTURES, (".svg", ".pdf") * 9, strict=False))
    for seed in "12":
        monkeypatch.setenv("PYTHONHASHSEED", seed)
        report = ("report", *files, "--bootstrap", 0, "--plots", names, "-o", seed, "-q")
        assert fresh(tmp_path, *report, stdout=subprocess.DEVNULL).wait(timeout=120) == 0
    written = sorted(path.name for path in (tmp_path / "1").iterdir())
    assert len(written) == 3 + 6
    for name in written:
        assert (tmp_path / "1" / name).read_bytes() == (tmp_path / "2" / name).read_bytes(), name


def test_any_name_can_be_drawn():
    names = ["a\x01b", "a\nb", "_a", "$x$", r"\alpha & <b>", "\udcff", "日本"]
    rng = np.random.default_rng(0)
    z = rng.normal(size=(7, 200, 3))
    y = z[0].argmax(1)
    datasets = [calibrate.Dataset.of(each, y) for each in z]
    figure = COMPARISON_PICTURES["reliability"](
        calibrate.compare(zip(names, datasets, strict=True))
    )
    assert len(figure.legends[0].get_texts()) == 8  # none is left out
    ElementTree.fromstring(drawn(figure, "a.svg"))
    assert drawn(figure, "a.pdf").startswith(b"%PDF")


def titles(figure):
    return [ax.get_title() for ax in figure.axes if ax.get_visible()]


def test_classes_that_are_off_come_first(langid):
    shown, listed = langid.class_reliability.after, langid.classes.after
    off = [c.index for c in listed.listed if c.bias.off]
    assert len(off) == listed.off == 3
    assert [c.index for c in shown][:3] == off
    assert [c.off for c in shown][:3] == [True] * 3
    assert not any(c.off for c in shown[3:])
    before = [c.index for c in langid.classes.before.listed if c.bias.off and c.index not in off]
    assert before
    assert [c.index for c in shown][3 : 3 + len(before)] == before
    sizes = [c.rows for c in shown[3 + len(before) :]]
    assert sizes == sorted(sizes, reverse=True)
    assert len(shown) == 9
    figure = PICTURES["classes"](langid)
    assert [title.partition(":")[0].endswith("*") for title in titles(figure)] == [True] * 3 + [
        False
    ] * 6
    assert "* off beyond chance after calibration: 3 of 7 classes" in figure.get_suptitle()


def test_the_picture_says_where_no_class_is_off(mnist):
    assert mnist.classes.after.off == 0 < mnist.classes.before.off
    said = PICTURES["classes"](mnist).get_suptitle()
    assert f"none of 10 classes predicted for {FEWEST}+ rows is off beyond chance" in said


def test_classes_by_hand(data):
    report = report_of(*data, classes=(4, 2))
    assert [c.index for c in report.class_reliability.after] == [4, 2]


def test_bins_of_few_rows_are_faint(mnist):
    rows = np.array(mnist.reliability.before.rows)
    assert (rows[rows > 0] < 20).sum() == 5
    ax = PICTURES["reliability"](mnist).axes[0]
    bars = [bar for bar in ax.patches if bar.get_height() > 0]
    edges = mnist.reliability.before.edges
    for bar in bars:
        bin_rows = rows[np.searchsorted(edges, bar.get_x() + bar.get_width() / 2) - 1]
        assert bar.get_alpha() == (FAINT if bin_rows < 20 else None)


def test_weights_are_no_rows():
    """Bins count effective rows, whatever the scale of the weights."""
    rng = np.random.default_rng(0)
    z = rng.normal(scale=2, size=(500, 4))
    y = (z + rng.gumbel(size=z.shape)).argmax(1)
    plain = calibrate.evaluate(z, y, settings=QUICK).reliability.before
    scaled = calibrate.evaluate(z, y, weights=np.full(500, 1e-3), settings=QUICK).reliability.before
    assert plain.rows == pytest.approx(plain.weight)
    assert scaled.rows == pytest.approx(plain.rows)
    for ours, theirs in zip(pooled(scaled), pooled(plain), strict=True):
        assert ours == pytest.approx(theirs)
    uneven = rng.gamma(0.5, size=500)
    found = calibrate.evaluate(z, y, weights=uneven, settings=QUICK).reliability.before
    assert sum(found.rows) == pytest.approx(uneven.sum() ** 2 / np.square(uneven).sum())


LEGENDS = {
    "reliability": "calibrated, 95 % of calibrated models, fewer than 20 rows",
    "reliability-smooth": "calibrated, its 95 % band",
    "reliability-corp": "calibrated, 95 % of calibrated models",
    "temperature": "best here: 2.82, its 95 % interval, T = 1",
    "classes": "before, after, more rows, calibrated",
}


@pytest.mark.parametrize("name", LEGENDS)
def test_every_band_and_line_is_in_the_legend(name, mnist):
    (legend,) = PICTURES[name](mnist).legends
    named = {text.get_text() for text in legend.get_texts()}
    assert set(LEGENDS[name].split(", ")) <= named


def test_what_is_not_drawn_is_not_in_the_legend(data):
    report = calibrate.evaluate(*data, settings=calibrate.Settings(full=False, n_bins=1))
    assert min(report.reliability.before.rows) >= 20
    (legend,) = PICTURES["reliability"](report).legends
    named = {text.get_text() for text in legend.get_texts()}
    assert not {"fewer than 20 rows", "95 % of calibrated models"} & named
