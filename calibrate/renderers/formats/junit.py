"""A result as JUnit XML, which build servers show as tests."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

from calibrate.renderers.formats import text
from calibrate.renderers.parts import ResultFormat, Shown
from calibrate.text import printable
from calibrate.version import package_version

if TYPE_CHECKING:
    from calibrate.results.json import Result

NOT_XML = re.compile("[\ud800-\udfff\ufffe\uffff]")  # beside what is not printable


def render(result: Result, shown: Shown) -> str:
    """A test case per check, with the figures of those that failed; all else in ``system-out``.

    A result without checks is a suite without test cases.
    """
    from calibrate.renderers.documents.check import reason
    from calibrate.results.checks import Checks, Outcome

    checks = [(c, reason(c, result)) for c in result.checks] if isinstance(result, Checks) else []
    failed = sum(check.outcome is Outcome.failed for check, _ in checks)
    skipped = sum(check.outcome is Outcome.undecided for check, _ in checks)
    counts = {"tests": str(len(checks)), "failures": str(failed), "errors": "0"}
    root = ET.Element("testsuites", {"name": "calibrate", **counts})
    of = f" {result.data.logits}" if isinstance(result, Checks) else ""
    suite = ET.SubElement(root, "testsuite", {"name": _in_xml(f"{result.command}{of}"), **counts})
    suite.set("skipped", str(skipped))
    properties = ET.SubElement(suite, "properties")
    for name, value in (("schema", result.schema), ("version", package_version())):
        ET.SubElement(properties, "property", {"name": name, "value": value})
    for check, told in checks:
        about = {"name": _in_xml(check.name), "classname": f"calibrate.{check.kind.value}"}
        case, why = ET.SubElement(suite, "testcase", about), _in_xml(told)
        if check.outcome is Outcome.failed:
            failure = ET.SubElement(case, "failure", {"type": check.kind.value, "message": why})
            failure.text = why
        elif check.outcome is Outcome.undecided:
            ET.SubElement(case, "skipped", {"message": why})
        else:
            ET.SubElement(case, "system-out").text = why
    said = text.render(result, replace(shown, all=True, colour=False)).splitlines()
    ET.SubElement(suite, "system-out").text = "\n".join(["", *map(_in_xml, said), ""])
    ET.indent(root, " ")
    found: str = ET.tostring(root, encoding="unicode")
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{found}\n'


def _in_xml(name: str) -> str:
    """A text on one line, of characters that XML has; the writer escapes its marks."""
    return printable(NOT_XML.sub(lambda found: f"\\u{ord(found[0]):04x}", name))


FORMAT = ResultFormat(render, ".xml")
