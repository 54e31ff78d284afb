"""The floors of the house: a file imports only from lower floors, or its own folder's files."""

from __future__ import annotations

import ast
from pathlib import Path

PACKAGE = Path(__file__).parent.parent / "calibrate"

FLOORS = {
    "errors": 0,
    "version": 0,
    "place": 0,
    "targets": 7,
    "batch": 1,
    "blocks": 1,
    "cell_sums": 1,
    "bins": 1,
    "lbfgs": 1,
    "output": 1,
    "json_file": 1,
    "forms": 2,
    "label_inspection": 2,
    "inspection": 3,
    "softmax": 2,
    "npy_writer": 2,
    "source": 4,
    "outcomes": 3,
    "top_labels": 3,
    "fingerprint": 5,
    "calibrators": 6,
    "metrics": 4,
    "report": 4,
    "row_sums": 5,
    "bootstrap": 5,
    "significance": 6,
    "smooth_reliability": 6,
    "gap_intervals": 6,
    "classwise": 7,
    "clusters": 8,
    "thresholds": 8,
    "figures": 8,
    "sweep": 9,
    "evaluation": 9,
    "calibrator_file": 7,
    "readers": 6,
    "groups": 10,
    "comparison": 11,
    "library": 11,
    "render": 12,
    "plots": 13,
    "report_folder": 14,
    "__init__": 15,
    "cli": 16,
    "__main__": 17,
}


def room(path: Path) -> str:
    """The top-level file or folder of a path inside the package."""
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imported_rooms(path: Path) -> set[str]:
    rooms = set()
    for node in ast.walk(ast.parse(path.read_text())):
        names = []
        if isinstance(node, ast.ImportFrom) and node.module:
            names = [node.module]
            if node.module == "calibrate":
                names = [f"calibrate.{alias.name}" for alias in node.names]
        elif isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        for name in names:
            parts = name.split(".")
            if parts[0] == "calibrate":
                rooms.add(parts[1] if len(parts) > 1 else "__init__")
    return rooms


def violations(floors: dict[str, int]) -> list[str]:
    found = []
    for path in sorted(PACKAGE.rglob("*.py")):
        own = room(path)
        for other in sorted(imported_rooms(path) - {own}):
            if floors[other] >= floors[own]:
                found.append(f"{path.relative_to(PACKAGE)} imports {other}")
    return found


def test_every_room_has_a_floor():
    assert {room(path) for path in PACKAGE.rglob("*.py")} == set(FLOORS)


def test_imports_go_down():
    assert violations(FLOORS) == []


def test_the_check_would_notice():
    assert violations({**FLOORS, "errors": 99})


def test_files_stay_readable():
    lengths = {path.name: len(path.read_text().splitlines()) for path in PACKAGE.rglob("*.py")}
    assert {name: n for name, n in lengths.items() if n > 300} == {}
