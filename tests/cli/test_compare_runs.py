"""calibrate compare with several runs of a model, and its tables."""

from __future__ import annotations

import csv
import json
import re
import shutil
import subprocess

import numpy as np
import pytest
from conftest import refused

import calibrate
from calibrate.metrics.differences import difference, spread
from calibrate.renderers.formats import FORMATS
from calibrate.renderers.formats.latex import in_latex
from calibrate.renderers.parts import EVERYTHING
from calibrate.results.comparison import Comparison
from calibrate.results.json import read_result, to_json


def runs_of(spreads, seed=0):
    """Rows of one truth, and a model for each number: how noisy its scores are."""
    rng = np.random.default_rng(seed)
    z = rng.normal(scale=2, size=(400, 4))
    y = (z + rng.gumbel(size=z.shape)).argmax(1)
    return y, [z + rng.normal(scale=s, size=z.shape) for s in spreads]


NAMES = ["small", "large", "small", "large", "small", "alone"]


@pytest.fixture(scope="module")
def found() -> Comparison:
    y, scores = runs_of((0.5, 2.0, 0.6, 2.2, 0.7, 1.0))
    return calibrate.compare(zip(NAMES, [calibrate.Dataset.of(z, y) for z in scores], strict=True))


def test_means_and_spread_over_runs(found):
    assert [m.name for m in found.models] == [
        "small, run 1",
        "large, run 1",
        "small, run 2",
        "large, run 2",
        "small, run 3",
        "alone",
    ]
    small, large, alone = found.over_runs.models
    assert [(m.name, m.runs) for m in (small, large, alone)] == [
        ("small", 3),
        ("large", 2),
        ("alone", 1),
    ]
    by_run = [m.metrics.after["nll"].value for m in found.models if m.run_of == "small"]
    nll = small.metrics.after["nll"]
    assert nll.value == pytest.approx(np.mean(by_run))
    assert nll.sd == pytest.approx(np.std(by_run, ddof=1))
    # Student's quantile with 2 degrees of freedom: 4.302653 (any table)
    assert nll.high - nll.value == pytest.approx(4.302653 * nll.sd / 3**0.5, rel=1e-6)
    assert nll.value - nll.low == pytest.approx(nll.high - nll.value)
    single = alone.metrics.after["nll"]
    assert (single.sd, single.low, single.high) == (None, None, None)
    assert single.value == found.models[-1].metrics.after["nll"].value


def test_differences_over_runs(found):
    small, large, alone = found.over_runs.models
    assert small.against_first is None
    change, a, b = (
        large.against_first.after["nll"],
        small.metrics.after["nll"],
        large.metrics.after["nll"],
    )
    assert change.value == pytest.approx(b.value - a.value)
    # two differences hold together: the 98.75 % quantile with 1 degree of freedom, 25.451700
    error = (a.sd**2 / 3 + b.sd**2 / 2) ** 0.5
    assert change.high - change.value == pytest.approx(25.451700 * error, rel=1e-6)
    assert alone.against_first.after["nll"].low is None
    assert [(p.first, p.second) for p in found.over_runs.pairs] == [
        ("small", "large"),
        ("small", "alone"),
        ("large", "alone"),
    ]


def test_runs_that_are_alike_tell_nothing_of_others():
    assert spread([0.1] * 3).low is None
    assert spread([0.1] * 3).sd == 0
    assert difference([0.1, 0.1], [0.1, 0.2]).low is None
    assert spread([0.1, None]).value is None
    assert difference([0.1, 0.2], [None, 0.2]).value is None


@pytest.mark.parametrize(("first", "second"), [(2, 2), (2, 10), (3, 3), (5, 20)])
@pytest.mark.parametrize("ratio", [0.1, 1.0, 10.0])
def test_intervals_over_runs_hold_the_truth(first, second, ratio):
    """Normal runs; Welch's interval of 2 and 10 runs of one spread holds 90 times in 100."""
    rng = np.random.default_rng(first * second)
    held = []
    for _ in range(3000):
        a, b = rng.normal(size=first), 1 + ratio * rng.normal(size=second)
        got = difference(list(a), list(b))
        held.append(got.low <= 1 <= got.high)
    assert np.mean(held) > 0.95 - 3 * (0.05 * 0.95 / 3000) ** 0.5


def test_runs_read_back_from_json(found, tmp_path):
    (tmp_path / "c.json").write_text(to_json(found))
    assert read_result(Comparison, tmp_path / "c.json") == found


@pytest.fixture
def many(tmp_path) -> list[str]:
    """Files of six models and labels, in the folder that processes run in."""
    y, scores = runs_of((0.5, 2.0, 0.6, 2.2, 0.7, 1.0))
    for i, z in enumerate(scores):
        np.save(tmp_path / f"z{i}.npy", z)
    np.save(tmp_path / "y.npy", y)
    return [*(f"z{i}.npy" for i in range(6)), "y.npy"]


def named(names):
    return [part for name in names for part in ("--name", name)]


def test_the_command_shows_runs(run, many, tmp_path):
    done = run("compare", *many, *named(NAMES), "--plots", "none", "--table", "compare/all.csv")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("3 models in 6 runs on y.npy")
    assert re.search(r"^small, with T +3 runs +0\.\d{4} ± 0\.\d{4} ", done.stdout, re.MULTILINE)
    assert re.search(r"^alone +1 run +0\.\d{4}  ", done.stdout, re.MULTILINE)
    assert "not of other rows" in done.stdout
    assert "these runs do not tell it from" in done.stdout
    assert {path.name for path in (tmp_path / "compare").iterdir()} == {
        "compare.html",
        "compare.json",
        "compare.md",
        "all.csv",
    }


def test_a_run_given_twice(run, many):
    done = run("compare", "z0.npy", "z0.npy", "y.npy", *named("aa"))
    assert (done.returncode, done.stdout) == (2, "")
    assert "z0.npy: expected another run of a, found the scores of z0.npy again" in done.stderr
    taken = run("compare", *many[:3], "y.npy", *named(["a", "a", "a, run 1"]))
    assert "calibrate: --name: 'a, run 1' is what a run of another model is called" in taken.stderr


WILD = ['=1+1, "a"', "b_%&#$", "c\r\nd", "*[x]--^~\\{}", "e", "e"]


def test_csv_holds_the_numbers_of_the_json(run, many, tmp_path):
    tables = ("--table", "all.csv", "--table", "all.tex")
    done = run("compare", *many, *named(WILD), "--format", "json", *tables)
    assert done.returncode == 0, done.stderr
    with (tmp_path / "all.csv").open(newline="") as file:
        lines = list(csv.DictReader(file))
    got = json.loads(done.stdout)
    first = got["models"][0]["name"]
    singles = [(m, m["run_of"] or m["name"], "", first) for m in got["models"]]
    over = [(m, m["name"], str(m["runs"]), first) for m in got["over_runs"]["models"]]
    want = {}
    seen: dict[str, int] = {}
    for model, name, runs, minus in [*singles, *over]:
        seen[name] = seen.get(name, 0) + 1
        run_number = str(seen[name]) if model.get("run_of") else ""
        for of, sides in (("", model["metrics"]), (minus, model["against_first"] or {})):
            for side, metrics in sides.items():
                for metric, figure in metrics.items():
                    numbers = (figure["value"], figure["low"], figure["high"], figure.get("sd"))
                    want[name, run_number, runs, of, side, metric] = numbers
    keys = ("model", "run", "runs", "minus", "side", "metric")
    read = {
        tuple(line[key] for key in keys): tuple(
            float(line[number]) if line[number] else None
            for number in ("value", "low", "high", "sd")
        )
        for line in lines
    }
    assert len(read) == len(lines)
    assert read == want


def test_latex_is_balanced(found, tmp_path):
    y, scores = runs_of((0.5, 2.0, 0.6, 2.2, 0.7, 1.0))
    wild = calibrate.compare(zip(WILD, [calibrate.Dataset.of(z, y) for z in scores], strict=True))
    for each in (found, wild):
        text = FORMATS["latex"](each, EVERYTHING)
        code = "\n".join(line for line in text.splitlines() if not line.startswith("%"))
        for open_, close in (("{", "}"), (r"\begin{tabular}", r"\end{tabular}")):
            plain = re.sub(r"\\[{}]", "", code)
            assert plain.count(open_) == plain.count(close) > 0
        assert code.count("$") - 2 * len(re.findall(r"\$(?:-|\\pm)\$", code)) == code.count(r"\$")
        for tabular in re.findall(r"\\begin\{tabular\}\{(l?r+)\}(.*?)\\end", code, re.DOTALL):
            columns, body = tabular
            rows = [line for line in body.splitlines() if line.endswith(r"\\")]
            assert len(rows) >= 2
            for row in rows:
                assert len(re.findall(r"(?<!\\)&", row)) == len(columns) - 1, row
                assert row[0] not in "[*"
        if shutil.which("pdflatex"):
            page = r"\documentclass{article}\usepackage{booktabs}\begin{document}\tiny "
            (tmp_path / "a.tex").write_text(page + text + r"\end{document}")
            command = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "a.tex"]
            assert subprocess.run(command, cwd=tmp_path, check=False).returncode == 0


def test_what_latex_would_take_for_its_own():
    assert in_latex("a_b & 5 % #1 {x} ^~\\") == (
        r"a\_b \& 5 \% \#1 \{x\} \textasciicircum{}\textasciitilde{}\textbackslash{}"
    )
    assert in_latex("a--b\n") == "a-{}-b "


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ("--table a.txt", "a.txt: expected a table name ending in .csv, .tex, found '.txt'"),
        ("--table a", "found 'no suffix'"),
        ("--table no/a.csv", "the folder"),
        ("--table a.csv --table a.csv", "choose another name"),
        ("--plots relibility", "--plots: expected one of reliability, got 'relibility'; did"),
        ("--plots reliability.gif", "a suffix (.png, .svg, .pdf), got 'reliability.gif'"),
    ],
)
def test_wrong_outputs(run, files, tmp_path, arguments, said):
    before = set(tmp_path.iterdir())
    done = run("compare", *files, *arguments.split())
    refused(done, said)
    assert set(tmp_path.iterdir()) == before


def test_the_folder_holds_the_pictures_asked_for(run, files, tmp_path):
    done = run("compare", *files, "--plots", "reliability.svg, reliability.pdf")
    assert done.returncode == 0, done.stderr
    assert {path.name for path in (tmp_path / "compare").iterdir()} == {
        "compare.html",
        "compare.json",
        "compare.md",
        "reliability.svg",
        "reliability.pdf",
    }
