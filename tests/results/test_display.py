"""What a result shows of itself in a console and in a notebook, and what it becomes elsewhere."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from conftest import SAMPLES

import calibrate
from calibrate.results.comparison import Comparison
from calibrate.results.json import read_result, to_json
from calibrate.results.report import Report
from calibrate.results.targets import TargetReport
from calibrate.results.thresholds import Thresholds

MNIST, DIGITS = SAMPLES / "mnist", SAMPLES / "digits"
QUICK = calibrate.Settings(bootstrap=20)


def hard() -> calibrate.Dataset:
    return calibrate.open_dataset(f"{MNIST}/hard_test.npy", f"{MNIST}/labels_test.npy")


@pytest.fixture(scope="module")
def report() -> Report:
    return calibrate.evaluate(hard(), calibrator=calibrate.Temperature(2.0), settings=QUICK)


def test_a_report_shows_what_the_command_prints(run, files, tmp_path: Path):
    calibrate.save(calibrate.fit(*map(np.load, files)), tmp_path / "c.json")
    done = run("report", "z.npy", "y.npy", "-c", "c.json", "--bootstrap", "20")
    assert repr(read_result(Report, tmp_path / "report/report.json")) + "\n" == done.stdout
    assert "ece" in done.stdout


@pytest.mark.parametrize(
    ("command", "kind", "said"),
    [
        (("compare", "z.npy", "z.npy", "y.npy", "--name", "a", "--name", "b"), Comparison,
         "2 models on y.npy"),
        (("targets", "labels", "y.npy", "--n-classes", "7", "--smoothing", "0.1"), TargetReport,
         "smoothing"),
        (("thresholds", "b.npy", "s.npy"), Thresholds, "threshold"),
    ],
)  # fmt: skip
def test_so_do_the_other_results(run, files, tmp_path: Path, command, kind, said):
    z = np.load(files[0])
    np.save(tmp_path / "b.npy", z[:, 0])
    np.save(tmp_path / "s.npy", (z[:, 0] + z[:, 1] > 0).astype(int))
    as_json, as_text = run(*command, "--format", "json"), run(*command)
    (tmp_path / "r.json").write_text(as_json.stdout)
    assert repr(read_result(kind, tmp_path / "r.json")) + "\n" == as_text.stdout
    assert said in as_text.stdout


def test_a_notebook_gets_tables(report):
    html = report._repr_html_()
    assert html.count("<table>") == html.count("</table>") >= 2
    rows = dict(re.findall(r"<tr><th>(\w+)</th><td>([^ <]+)", html))
    for name, figure in report.metrics.before.items():
        assert float(rows[name]) == pytest.approx(figure.value, abs=5e-5)


def test_the_html_is_escaped():
    hostile = "<script>alert('1')</script> & \"x\""
    settings = calibrate.Settings(bootstrap=0, class_names=(hostile, *"123456789"))
    html = calibrate.evaluate(hard(), settings=settings)._repr_html_()
    assert "<script" not in html
    assert "&lt;script&gt;alert(&#x27;1&#x27;)&lt;/script&gt; &amp; &quot;x&quot;" in html


def test_the_dictionary_is_the_json(report):
    compared = calibrate.compare({"a": hard()})
    for result in (report, compared):
        assert json.loads(to_json(result)) == json.loads(json.dumps(result.to_dict()))
    assert report.to_dict()["metrics"]["before"]["ece"]["value"] == (
        report.metrics.before["ece"].value
    )


def test_a_table_of_figures(report):
    pytest.importorskip("pandas")
    table = report.to_frame()
    assert list(table.index) == list(report.metrics.before)
    sides = ("before", "after", "change")
    assert list(table.columns) == [f"{s}{end}" for s in sides for end in ("", "_low", "_high")]
    for side in sides:
        for name, figure in getattr(report.metrics, side).items():
            for column, value in ((side, figure.value), (f"{side}_low", figure.low)):
                np.testing.assert_equal(table.loc[name, column], np.nan if value is None else value)
    assert list(calibrate.evaluate(hard(), settings=QUICK).to_frame().columns) == (
        ["before", "before_low", "before_high"]
    )


def test_a_table_of_models():
    pytest.importorskip("pandas")
    compared = calibrate.compare({"a": hard(), "b": hard()})
    table = compared.to_frame()
    assert table.index.names == ["model", "metric"]
    assert table.loc[("a", "ece"), "after"] == compared.models[0].metrics.last["ece"].value
    assert table.loc[("b", "nll"), "after_minus_first_high"] == (
        compared.models[1].against_first.last["nll"].high
    )
    assert np.isnan(table.loc[("a", "nll"), "before_minus_first"])


def test_without_pandas_a_line_says_what_to_install():
    code = (
        "import sys; sys.modules['pandas'] = None\n"
        "import numpy as np, calibrate\n"
        "z = np.random.default_rng(0).normal(size=(50, 3))\n"
        "r = calibrate.evaluate(z, np.arange(50) % 3, settings=calibrate.Settings(bootstrap=0))\n"
        "try: r.to_frame()\n"
        "except ImportError as error: print(error)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout == "to_frame needs pandas; pip install pandas\n"
