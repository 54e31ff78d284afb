"""python tests/fuzz/run.py --cases 100000 --seed 3: run odd cases, and say which ended badly."""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections import Counter
from pathlib import Path

if __name__ == "__main__":  # as a file, not a module
    sys.path[:0] = [str(Path(__file__).parent.parent), str(Path(__file__).parent.parent.parent)]

from fuzz.cases import COMMANDS, Case, case_of
from fuzz.verdict import Ended, in_a_process, in_process, wrong

REAL = 200  # one of so many cases runs in a process of its own


def tried(case: Case, *, real: bool = False) -> tuple[Ended, list[str]]:
    """How a case ends, and what is wrong with that."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        ended = (in_a_process if real else in_process)(case, folder)
        return ended, wrong(case, ended, folder)


def described(case: Case, ended: Ended, found: list[str]) -> str:
    stderr = ended.stderr.decode(errors="backslashreplace")
    return f"{case.arguments}\n  {'; '.join(found)}\n  {stderr[-600:]}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", type=int, default=2_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--first", type=int, default=0, help="the number of the first case")
    parser.add_argument("--only", choices=list(COMMANDS), help="one command")
    parser.add_argument("--keep", type=Path, help="a folder for the files of bad cases")
    asked = parser.parse_args()
    codes: Counter[object] = Counter()
    bad = 0
    for number in range(asked.first, asked.first + asked.cases):
        case = case_of(asked.seed, number, asked.only)
        ended, found = tried(case, real=number % REAL == REAL - 1)
        codes[ended.code] += 1
        if found:
            bad += 1
            print(f"case {number} of seed {asked.seed}: {described(case, ended, found)}")
            if asked.keep:
                folder = asked.keep / str(number)
                folder.mkdir(parents=True, exist_ok=True)
                for name, content in case.files.items():
                    (folder / name).write_bytes(content)
    print(f"{asked.cases:,} cases, {bad:,} bad; exit statuses {dict(codes)}")
    sys.exit(1 if bad else 0)


if __name__ == "__main__":
    main()
