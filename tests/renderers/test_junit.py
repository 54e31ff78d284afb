"""JUnit XML as build servers read it."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from dataclasses import replace

import numpy as np
import pytest

import calibrate
from calibrate.analyses.checks import Requirements, judge
from calibrate.renderers.formats import FORMATS
from calibrate.renderers.parts import EVERYTHING
from calibrate.results.checks import Checks, Limit, Outcome

HOSTILE = "]]><script>'\"&\n::error::%0A\x1b[31m\x00\ufffe\ud800 ok"


@pytest.fixture(scope="module")
def found() -> Checks:
    rng = np.random.default_rng(0)
    z = rng.normal(scale=2, size=(300, 4))
    y = (z + rng.gumbel(size=z.shape)).argmax(axis=1)
    groups = np.where(np.arange(300) % 2, "even", "odd")
    settings = calibrate.Settings(full=False, bootstrap=0)
    report = calibrate.evaluate(z, y, groups=groups, settings=settings)
    named = tuple(replace(g, name=HOSTILE) if g.name == "odd" else g for g in report.groups)
    data = replace(report.data, logits=HOSTILE)
    limits = (
        Limit("max", "nll", 0.1),
        Limit("max", "ece", 1.0, group=HOSTILE),
        Limit("min", "nll", 0.1),
    )
    checks = judge(replace(report, groups=named, data=data), Requirements(limits))
    unknown = replace(checks.checks[2], outcome=Outcome.undecided)
    return replace(checks, checks=(*checks.checks[:2], unknown, *checks.checks[3:]))


def test_a_case_per_check_as_junitparser_reads_it(found):
    from junitparser import Failure, JUnitXml, Skipped

    read = JUnitXml.fromstring(FORMATS["junit"](found, EVERYTHING).encode())
    (suite,) = read
    assert (read.tests, read.failures, read.errors) == (4, 1, 0)
    assert (suite.tests, suite.failures, suite.errors, suite.skipped) == (4, 1, 0, 1)
    first, second, third, fourth = suite
    (failure,) = first.result
    assert isinstance(failure, Failure)
    nll = found.metrics.before["nll"]
    said = f"nll is {nll.value:.4f} [{nll.low:.4f}, {nll.high:.4f}], beyond the limit <= 0.1"
    assert failure.message == said
    assert isinstance(third.result[0], Skipped)
    assert [case.is_passed for case in suite] == [False, True, False, True]
    assert second.system_out.startswith("ece@group:")
    assert fourth.name == "relation"
    out = next(element.text for element in suite._elem if element.tag == "system-out")
    assert f"{found.metrics.before['brier'].value:.4f}" in out  # measured, and not checked


def test_names_are_harmless(found):
    text = FORMATS["junit"](found, EVERYTHING)
    assert "\x1b" not in text
    assert "<script" not in text
    assert "]]>" not in text
    assert not any(line.startswith("::") for line in text.splitlines())
    suite = ET.fromstring(text.encode()).find("testsuite")
    assert suite.get("name").endswith(r"\x1b[31m\x00\ufffe\ud800 ok")
    assert "]]><script>'\"&\\n" in suite.find("system-out").text


def test_as_the_schema_has_it(found):
    """Elements and attributes of junit-10.xsd of Jenkins' xunit plugin, the order included."""
    allowed = {
        "testsuites": ({"name", "tests", "failures", "errors"}, {"testsuite"}),
        "testsuite": (
            {"name", "tests", "failures", "errors", "skipped"},
            {"properties", "testcase", "system-out"},
        ),
        "properties": (set(), {"property"}),
        "property": ({"name", "value"}, set()),
        "testcase": ({"name", "classname"}, {"failure", "skipped", "system-out"}),
        "failure": ({"type", "message"}, set()),
        "skipped": ({"message"}, set()),
        "system-out": (set(), set()),
    }
    for element in ET.fromstring(FORMATS["junit"](found, EVERYTHING).encode()).iter():
        attributes, children = allowed[element.tag]
        assert set(element.keys()) == attributes
        assert {child.tag for child in element} <= children


def test_a_result_without_checks_is_a_suite_without_cases():
    rng = np.random.default_rng(0)
    z = rng.normal(size=(50, 3))
    settings = calibrate.Settings(full=False, bootstrap=0)
    report = calibrate.evaluate(z, z.argmax(axis=1), settings=settings)
    suite = ET.fromstring(FORMATS["junit"](report, EVERYTHING).encode()).find("testsuite")
    assert suite.get("tests") == "0"
    assert "accuracy" in suite.find("system-out").text
