"""Every name in a result is somebody else's: in no format does one become more than a name."""

from __future__ import annotations

import csv
import io
import json
import os
import re
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from markdown_it import MarkdownIt

import calibrate
from calibrate.analyses.checks import Requirements, judge
from calibrate.analyses.clusters import ClusterModel, measure_clusters
from calibrate.analyses.thresholds.choose import find_thresholds
from calibrate.errors import InputError
from calibrate.renderers.formats import FORMATS
from calibrate.renderers.parts import EVERYTHING
from calibrate.results.checks import Limit
from calibrate.results.json import Result, decode
from calibrate.results.measurement import Measurement
from calibrate.results.targets import TargetData, TargetFigures, TargetReport
from calibrate.results.thresholds import Goal
from calibrate.text import UNPRINTABLE

ODD = (
    "\n::error::x\n<script>alert(1)<!--</script>]]>&lt;' \" onload=x %0A%0D\r\n# h\n"
    "</details>\n</table>```|\x1b[2J\x1b]0;t\x07\u202e\udcff##[error]y`[a](b)${{ x }}{{x}}"
)
PLAIN = "name"
ANSWERS = np.random.default_rng(2)
Z = ANSWERS.normal(scale=3, size=(200, 3))
Y = (Z / 2 + ANSWERS.gumbel(size=Z.shape)).argmax(axis=1)
CLASSES = (0, 1, 2)


def named(array: np.ndarray, name: str) -> str:
    """A file of that name, as far as file systems allow, in the working folder."""
    path = Path(re.sub("[/*[?]", "", name) + ".npy")
    np.save(path, array)
    return path.name


def three(name: str) -> tuple[str, ...]:
    return tuple(f"{name}{i}" for i in CLASSES)


def of_report(name: str) -> Result:
    settings = calibrate.Settings(bootstrap=0, class_names=three(name))
    rows = calibrate.open_dataset(named(Z, name), named(Y, f"y{name}"))
    groups = np.array([f"{name}{i % 2}" for i in range(200)])
    fit = calibrate.fit(Z, Y)
    found = calibrate.evaluate(rows, calibrator=fit, groups=groups, settings=settings)
    fitted = replace(found.calibrator, label_smoothing=name)
    return replace(found, warnings=(f"{name}: odd", name), calibrator=fitted)


def of_models(name: str) -> Result:
    rows = [calibrate.Dataset.of(z, Y) for z in (Z, Z[:, ::-1], Z / 2)]
    found = calibrate.compare(zip(three(name), rows, strict=True))
    return replace(found, fitted_on=name, warnings=(name,))


def of_runs(name: str) -> Result:
    return calibrate.compare([(name, (Z, Y)), (name, (Z[:, ::-1], Y)), ("b", (Z / 2, Y))])


def of_thresholds(name: str) -> Result:
    rows = calibrate.Dataset.of(Z, (Z > 0).astype(int), reading=calibrate.Reading("multilabel"))
    found = find_thresholds(rows, Goal.of_text("cost=1:3"), names=three(name))
    return replace(found, labels=tuple(replace(each, notes=(name,)) for each in found.labels))


def of_targets(name: str) -> Result:
    figures = TargetFigures(*[Measurement(0.5, 0.4, 0.6)] * 4, None)
    data = TargetData(name, name, 10, 3)
    return TargetReport(data, None, 2.0, None, "label", figures, None, (name,))


def of_clusters(name: str) -> Result:
    models = [ClusterModel(f"{name}{i}", calibrate.Dataset.of(Z, Y)) for i in range(2)]
    return measure_clusters(models, CLASSES, class_names=three(name), bootstrap=0)


def of_files(name: str) -> Result:
    return calibrate.inspect(named(Z, name), named(Y, f"y{name}"))


def of_checks(name: str) -> Result:
    limits = [Limit.of_text("max", "ece=0.01"), Limit("min", "accuracy", 0.999, group=f"{name}0")]
    return judge(of_report(name), Requirements(tuple(limits)))


MAKERS = (
    *(of_report, of_models, of_runs, of_thresholds, of_targets, of_clusters, of_files),
    of_checks,
)
RESULTS: dict[str, Callable[[str], Result]] = {maker.__name__: maker for maker in MAKERS}


class Tags(HTMLParser):
    """The elements of a page with the names of their attributes, and its comments."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[object] = []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, sorted(name for name, _ in attrs)))

    def handle_endtag(self, tag):
        self.tags.append(tag)

    def handle_comment(self, _):
        self.tags.append("comment")


def shape_of(format: str, text: str) -> object:
    """What of an output must be the same whatever names are in it."""
    if format == "json":
        return [*json.loads(text)]
    if format == "github":
        command = re.compile(r"::(error|warning|notice) title=calibrate::.*")
        assert all(command.fullmatch(line) for line in text.splitlines())
        assert "%" not in text.replace("%25", "")
        return len(text.splitlines())
    if format in ("text", "latex"):
        return len(text.splitlines())
    if format == "csv":  # which is written to files only: names are as they are
        return [len(row) for row in csv.reader(io.StringIO(text, newline=""))]
    if format == "markdown":
        return Tags(MarkdownIt("commonmark").enable("table").render(text)).tags
    if text.startswith("<?xml"):
        return [(each.tag, sorted(each.attrib)) for each in ElementTree.fromstring(text).iter()]
    return Tags(text).tags


@cache
def results(kind: str, folder: Path) -> tuple[Result, Result]:
    os.chdir(folder)
    return RESULTS[kind](PLAIN), RESULTS[kind](ODD)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    before = Path.cwd()
    yield tmp_path_factory.mktemp("hostile")
    os.chdir(before)


@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize("kind", RESULTS)
def test_a_name_stays_a_name(kind, format, folder):
    plain, odd = results(kind, folder)
    try:
        benign, text = (FORMATS[format](each, EVERYTHING) for each in (plain, odd))
    except (TypeError, InputError):  # as of JUnit, which is of checks only
        assert format not in ("text", "json", "markdown", "html", "github")
        return
    assert format == "csv" or not UNPRINTABLE.search(re.sub("[\n\t]", "", text))
    assert shape_of(format, text) == shape_of(format, benign)
    if format not in ("github", "csv", "latex") or kind == "of_report":
        assert "alert" in text


@pytest.mark.parametrize("kind", RESULTS)
def test_a_name_comes_back_from_json(kind, folder):
    _, odd = results(kind, folder)
    text = FORMATS["json"](odd, EVERYTHING)
    assert "\\n::error::x" in text
    assert FORMATS["json"](decode(type(odd), json.loads(text), "r"), EVERYTHING) == text


def test_a_log_has_no_commands(run, files, tmp_path, monkeypatch):
    names = ["::error::x", "##[error]y", "##vso[task]z", "d", "e", "f", "g"]
    (tmp_path / "n.txt").write_text("\n".join(names))
    files[0].rename(tmp_path / "::##vso[z].npy")
    given = ["report", "::##vso[[]z].npy", "y.npy", "--class-names", "n.txt", "--all"]
    given += ["--bootstrap", "0", "--plots", "none"]
    monkeypatch.setenv("CI", "true")
    done = run(*given)
    assert done.returncode == 0, done.stderr
    assert not re.search(r"^\s*::|##\w*\[", done.stdout + done.stderr, re.MULTILINE)
    assert r"\x3a\x3aerror::x" in done.stdout
    monkeypatch.delenv("CI")
    assert "\n::error::x" in run(*given).stdout
