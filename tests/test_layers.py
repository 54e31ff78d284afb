"""The rooms of the house: which folder may import which."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "calibrate"
GROUND = "errors arrays version tasks files text"  # what every room may stand on
MAY_IMPORT = {
    "blocks": "",
    "results": "",
    "data": "blocks",
    "metrics": "blocks results",
    "calibrators": "blocks results data",
    "analyses": "blocks results data metrics calibrators",
    "renderers": "results metrics",
    "api": "blocks results data metrics calibrators analyses",
    "cli": "blocks results data metrics calibrators analyses renderers api __init__",
    "__init__": "blocks results data metrics calibrators analyses renderers api",
    "__main__": "cli",
    "testing": "data calibrators results metrics renderers __init__",
    "pytest_plugin": "results metrics renderers testing",
}
FILES = sorted(PACKAGE.rglob("*.py"))


def room(path: Path) -> str:
    """The top-level file or folder of a path inside the package."""
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def module(path: Path) -> str:
    """``calibrate.blocks.bins``; of an ``__init__.py`` its folder."""
    parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {module(path): path for path in FILES}


def imported(path: Path) -> set[str]:
    """The modules of the package that a file imports, wherever in the file."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module:
            names = [f"{node.module}.{alias.name}" for alias in node.names]
            found |= {n if n in MODULES else node.module for n in names}
        elif isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
    return {name for name in found if name.split(".")[0] == "calibrate"}


def violations(rule: dict[str, str]) -> list[str]:
    allowed = {name: {*rooms.split(), *GROUND.split(), name} for name, rooms in rule.items()}
    return [
        f"{path.relative_to(PACKAGE)} imports {other}"
        for path in FILES
        for other in sorted(imported(path))
        if room(path) in allowed and room(MODULES[other]) not in allowed[room(path)]
    ]


def test_every_room_has_its_rule():
    assert {room(path) for path in FILES} == {*MAY_IMPORT, *GROUND.split()}


def test_rooms_import_what_they_may():
    assert violations(MAY_IMPORT) == []


def test_the_ground_rests_on_itself():
    own = dict.fromkeys(GROUND.split(), "")
    assert violations(own) == []


def test_the_check_would_notice():
    assert violations({**MAY_IMPORT, "metrics": "blocks"})


def test_every_folder_of_modules_is_a_package():
    """A folder without ``__init__.py`` works in a checkout, but is not installed."""
    folders = {path.parent for path in FILES}
    assert [folder for folder in folders if not (folder / "__init__.py").exists()] == []


def test_no_circles():
    """Also inside rooms: no file needs itself, by whatever way."""
    arrows = {name: imported(path) - {name} for name, path in MODULES.items()}
    done: set[str] = set()

    def visit(name: str, way: tuple[str, ...]) -> None:
        assert name not in way, " -> ".join((*way, name))
        if name not in done:
            for other in sorted(arrows[name]):
                visit(other, (*way, name))
            done.add(name)

    for name in arrows:
        visit(name, ())


@pytest.mark.parametrize("words", ["# fmt: skip", "# fmt: off"])
def test_the_formatter_has_the_last_word(words: str):
    assert [module(path) for path in FILES if words in path.read_text()] == []


def test_nothing_is_asserted():
    """A wrong input gets an error; what the types know needs no assertion."""
    found = [
        f"{module(path)}:{node.lineno}"
        for path in FILES
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Assert)
    ]
    assert found == []


BLAS = {"dot", "inner", "vdot", "vecdot", "matmul", "matvec", "vecmat", "tensordot", "cov"}
WITHOUT_THREADS = {
    "each @ repeats.T": "of a sparse matrix: loops of scipy's own",
    "sums @ weights.T": "the same",
    "np.linalg.solve(moments, first)": "3 x 3",
    "np.linalg.svd(np.array([[length, 0.0], [along, height]]), compute_uv=False)": "2 x 2",
    "np.linalg.norm(corners[i] - corners[j])": "2 numbers",
}


def test_no_sum_is_split_between_the_threads_of_a_blas():
    """``blocks.sums.product`` multiplies what may be long."""
    nodes = [node for path in FILES for node in ast.walk(ast.parse(path.read_text()))]
    products = [n for n in nodes if isinstance(n, ast.BinOp) and isinstance(n.op, ast.MatMult)]
    calls = [n for n in nodes if isinstance(n, ast.Call) and isinstance(n.func, ast.Attribute)]
    called = [n for n in calls if n.func.attr in BLAS or "linalg." in ast.unparse(n.func)]
    optimised = [n for n in calls if "optimize" in {keyword.arg for keyword in n.keywords}]
    assert {ast.unparse(n) for n in (*products, *called, *optimised)} == {*WITHOUT_THREADS}
