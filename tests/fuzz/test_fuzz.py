"""Odd inputs end in an answer or in one line: those that once did not, and 1 000 new ones."""

from __future__ import annotations

import pytest
from fuzz.cases import case_of
from fuzz.corpus import CORPUS, MADE, case_of_corpus
from fuzz.run import described, tried

CASES, EACH = 1_000, 50


@pytest.mark.parametrize("name", [*CORPUS, *MADE])
def test_what_once_went_wrong(name):
    case, said = case_of_corpus(name)
    ended, found = tried(case)
    assert not found, described(case, ended, found)
    assert ended.code == (0 if said is None else 2), described(case, ended, found)
    assert (said or "") in ended.stderr.decode()


@pytest.mark.parametrize(
    "first", [0, *(pytest.param(n, marks=pytest.mark.long) for n in range(EACH, CASES, EACH))]
)
def test_odd_inputs(first):
    numbers = range(first, first + EACH)
    for number in numbers:
        case = case_of(0, number)
        ended, found = tried(case, real=number == numbers[-1])
        assert not found, f"case {number} of seed 0: {described(case, ended, found)}"


def test_the_verdict_can_fail():
    """A folder is taken for half-written outputs, and a name for a control character."""
    case, _ = case_of_corpus("two rows")
    ended, _ = tried(case)
    ended.code, ended.stderr = 2, b"calibrate: \x1b[2J\nTraceback\n"
    from pathlib import Path
    from tempfile import TemporaryDirectory

    from fuzz.verdict import prepare, wrong

    with TemporaryDirectory() as name:
        prepare(case, Path(name))
        (Path(name) / "report.json").write_text('{"ece": NaN}')
        found = "; ".join(wrong(case, ended, Path(name)))
    for word in ("Traceback", "control", "one line", "written", "stdout", "NaN"):
        assert word in found, found
