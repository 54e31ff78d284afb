"""A result as JUnit XML, which build servers show as tests."""

from __future__ import annotations

import re
from dataclasses import replace
from xml.etree import ElementTree as ET

from calibrate.renderers.formats import text
from calibrate.renderers.parts import Shown
from calibrate.results.checks import Check, Checks, Outcome
from calibrate.results.json import Result
from calibrate.text import printable
from calibrate.version import package_version

NOT_XML = re.compile("[\ud800-\udfff\ufffe\uffff]")  # beside what is not printable


def render(result: Result, shown: Shown) -> str:
    """A test case per check, with the figures of those that failed; all else in ``system-out``.

    A result without checks is a suite without test cases.
    """
    checks = result.checks if isinstance(result, Checks) else ()
    failed = sum(check.outcome is Outcome.failed for check in checks)
    skipped = sum(check.outcome is Outcome.undecided for check in checks)
    counts = {"tests": str(len(checks)), "failures": str(failed), "errors": "0"}
    root = ET.Element("testsuites", {"name": "calibrate", **counts})
    suite = ET.SubElement(root, "testsuite", {"name": _name(result), **counts})
    suite.set("skipped", str(skipped))
    properties = ET.SubElement(suite, "properties")
    for name, value in (("schema", result.schema), ("version", package_version())):
        ET.SubElement(properties, "property", {"name": name, "value": value})
    if isinstance(result, Checks):
        for check in checks:
            _case(suite, check, result)
    out = ET.SubElement(suite, "system-out")
    out.text = _lines(text.render(result, replace(shown, all=True, colour=False)))
    ET.indent(root, " ")
    found: str = ET.tostring(root, encoding="unicode")
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{found}\n'


def _name(result: Result) -> str:
    """``calibrate check``, and of what where that is known."""
    of = f" {result.data.logits}" if isinstance(result, Checks) else ""
    return _shown(f"{result.command}{of}")


def _case(suite: ET.Element, check: Check, found: Checks) -> None:
    from calibrate.renderers.documents.check import reason

    about = {"name": _shown(check.name), "classname": f"calibrate.{check.kind.value}"}
    case = ET.SubElement(suite, "testcase", about)
    told = _shown(reason(check, found))
    if check.outcome is Outcome.failed:
        failure = ET.SubElement(case, "failure", {"type": check.kind.value, "message": told})
        failure.text = told
    elif check.outcome is Outcome.undecided:
        ET.SubElement(case, "skipped", {"message": told})
    else:
        ET.SubElement(case, "system-out").text = told


def _lines(several: str) -> str:
    return "\n" + "\n".join(map(_shown, several.splitlines())) + "\n"


def _shown(name: str) -> str:
    """A text on one line, of characters that XML has; the writer escapes its marks."""
    plain = NOT_XML.sub(lambda found: f"\\u{ord(found[0]):04x}", name)
    return printable(plain)
