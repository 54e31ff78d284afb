"""Every wrong input: one clear line on stderr, exit 2, nothing written."""

from __future__ import annotations

import io
import json
import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from conftest import contents, refused

RNG = np.random.default_rng(0)
Z = RNG.normal(scale=2, size=(60, 5)).astype(np.float32)
Y = RNG.integers(0, 5, 60)
P = (np.exp(Z) / np.exp(Z).sum(1, keepdims=True)).astype(np.float32)


def npy(array: np.ndarray, **more: object) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, array, **more)
    return buffer.getvalue()


def npz(**arrays: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)
    return buffer.getvalue()


def header(shape: str) -> bytes:
    text = f"{{'descr': '<f4', 'fortran_order': False, 'shape': {shape}, }}".encode()
    text += b" " * (-(len(text) + 11) % 64) + b"\n"
    return b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text + bytes(120)


def broken_npz() -> bytes:
    buffer = io.BytesIO()
    np.savez_compressed(buffer, logits=Z)
    content = bytearray(buffer.getvalue())
    content[200:240] = bytes(40)
    return bytes(content)


def spoiled(value: float, row: int = 7, column: int = 2, count: int = 1) -> np.ndarray:
    z = Z.copy()
    z[row : row + count, column] = value
    return z


def masked_label() -> np.ndarray:
    z = Z.copy()
    z[9, Y[9]] = -np.inf
    return z


GOOD = {"z.npy": npy(Z), "y.npy": npy(Y), "p.npy": npy(P)}

# name: (files besides GOOD, arguments, what the line must say)
FIT: dict[str, tuple[dict[str, bytes], str, list[str]]] = {
    "missing file": ({}, "fit nowhere.npy y.npy", ["nowhere.npy: no such file"]),
    "missing labels": ({}, "fit z.npy nowhere.npy", ["nowhere.npy: no such file"]),
    "a directory of other things": (
        {},
        "fit . y.npy",
        ["y.npy: expected 5 values per row, as in p.npy", "not pieces of one array"],
    ),
    "empty file": ({"e.npy": b""}, "fit e.npy y.npy", ["e.npy", "empty file"]),
    "truncated": (
        {"t.npy": npy(Z)[:-100]},
        "fit t.npy y.npy",
        ["t.npy: truncated", "1,200 bytes", "found 1,100"],
    ),
    "truncated header": ({"t.npy": npy(Z)[:20]}, "fit t.npy y.npy", ["t.npy", "damaged"]),
    "objects": (
        {"o.npy": npy(np.array([{}, 1], dtype=object), allow_pickle=True)},
        "fit o.npy y.npy",
        ["o.npy", "Python objects", "never unpickled"],
    ),
    "objects in npz": (
        {"o.npz": npz(logits=np.array([[{}, 1]], dtype=object))},
        "fit o.npz y.npy",
        ["o.npz:logits", "never unpickled"],
    ),
    "text named npy": ({"x.npy": b"1.0,2.0\n"}, "fit x.npy y.npy", ["x.npy", "numpy.save"]),
    "unknown suffix": ({"z.dat": b"1,2"}, "fit z.dat y.npy", ["z.dat", ".npy or .npz", "'.dat'"]),
    "no suffix": ({"z": b"1,2"}, "fit z y.npy", ["z: ", "'no suffix'"]),
    "npz without the key": (
        {"a.npz": npz(scores=Z, targets=Y)},
        "fit a.npz",
        ["a.npz: no array 'logits'", "scores, targets", "a.npz:KEY"],
    ),
    "npz with another key": (
        {"a.npz": npz(scores=Z, targets=Y)},
        "fit a.npz:logit y.npy",
        ["a.npz: no array 'logit'", "scores, targets"],
    ),
    "npz without labels": (
        {"a.npz": npz(logits=Z)},
        "fit a.npz",
        ["LABELS is missing", "a.npz"],
    ),
    "labels left out": ({}, "fit z.npy", ["z.npy", "LABELS is missing"]),
    "damaged npz": ({"a.npz": npz(logits=Z)[:-30]}, "fit a.npz y.npy", ["a.npz", "truncated"]),
    "empty npz": ({"a.npz": b""}, "fit a.npz y.npy", ["a.npz", "empty"]),
    "0 rows": ({"e.npy": npy(Z[:0])}, "fit e.npy y.npy", ["e.npy", "at least one row", "(0, 5)"]),
    "0 classes": ({"e.npy": npy(Z[:, :0])}, "fit e.npy y.npy", ["at least two classes", "(60, 0)"]),
    "1 class": ({"e.npy": npy(Z[:, :1])}, "fit e.npy y.npy", ["0 and 1", "0 to 4", "binary"]),
    "3-D": ({"e.npy": npy(Z[None])}, "fit e.npy y.npy", ["shape (1, 60)", "(1, 60, 5)", "(60,)"]),
    "complex": ({"e.npy": npy(Z + 0j)}, "fit e.npy y.npy", ["real numbers", "complex64"]),
    "strings": ({"e.npy": npy(Z.astype(str))}, "fit e.npy y.npy", ["real numbers", "<U"]),
    "string labels": (
        {"l.npy": npy(np.where(Y > 1, "cat", "dog"))},
        "fit z.npy l.npy",
        ["l.npy", "5 different names", "found 2: cat, dog", "--class-names"],
    ),
    "rows differ": ({"l.npy": npy(Y[:50])}, "fit z.npy l.npy", ["50 labels", "60 rows"]),
    "2-D labels": ({"l.npy": npy(np.eye(4)[Y % 4])}, "fit z.npy l.npy", ["l.npy", "(60, 4)"]),
    "fractions": ({"l.npy": npy(Y + 0.5)}, "fit z.npy l.npy", ["l.npy", "not whole", "row 0"]),
    "NaN labels": (
        {"l.npy": npy(np.where(Y[3] == Y, np.nan, Y))},
        "fit z.npy l.npy",
        ["l.npy", "not whole"],
    ),
    "labels too large": ({"l.npy": npy(Y + 3)}, "fit z.npy l.npy", ["from 0 to 4, found 3 to 7"]),
    "negative labels": ({"l.npy": npy(Y - 1)}, "fit z.npy l.npy", ["found -1 to 3"]),
    "labels from 1": ({"l.npy": npy(Y + 1)}, "fit z.npy l.npy", ["1 to 5", "--label-offset 1"]),
    "swapped": ({}, "fit y.npy z.npy", ["y.npy", "z.npy", "swapped"]),
    "NaN": (
        {"n.npy": npy(spoiled(np.nan, count=3))},
        "fit n.npy y.npy",
        ["n.npy", "NaN at row 7, column 2", "3 in all"],
    ),
    "+inf": ({"n.npy": npy(spoiled(np.inf))}, "fit n.npy y.npy", ["+inf at row 7, column 2"]),
    "-inf on a label": (
        {"n.npy": npy(masked_label())},
        "fit n.npy y.npy",
        ["row 9", "own label"],
    ),
    "-inf everywhere": (
        {"n.npy": npy(np.where(np.arange(60)[:, None] == 4, -np.inf, Z))},
        "fit n.npy y.npy",
        ["row 4 is -inf in every class"],
    ),
    "probabilities": (
        {},
        "fit p.npy y.npy",
        ["p.npy: expected logits", "--scores probabilities", "--scores logits to insist"],
    ),
    "logits as probabilities": (
        {},
        "fit z.npy y.npy --scores probabilities",
        ["z.npy: expected probabilities", "row 0"],
    ),
    "probabilities off 1": (
        {"q.npy": npy(np.where(np.arange(60)[:, None] == 11, P * 0.9, P))},
        "fit q.npy y.npy --scores probabilities",
        ["row 11", "off by 0.1"],
    ),
    "logits as log-probabilities": (
        {},
        "fit z.npy y.npy --scores log-probabilities",
        ["z.npy: expected log-probabilities"],
    ),
    "output in a missing folder": ({}, "fit z.npy y.npy -o no/c.json", ["no/c.json", "create it"]),
    "output is a directory": ({}, "fit z.npy y.npy -o .", ["found a directory"]),
    "full disk": ({}, "fit z.npy y.npy -o /dev/full", ["/dev/full", "No space left"]),
    "figure of unknown kind": ({}, "fit z.npy y.npy --figure a.bmp", ["a.bmp", ".png, .svg"]),
    "figure in a missing folder": ({}, "fit z.npy y.npy --figure no/a.png", ["no/a.png"]),
    "unknown option": (
        {},
        "fit z.npy y.npy --temprature 2",
        ["--temprature", "fit --help"],
    ),
    "unknown choice": ({}, "fit z.npy y.npy --scores odds", ["odds", "probabilities"]),
    "no workers": ({}, "fit z.npy y.npy --workers 0", ["--workers"]),
    "no arguments": ({}, "fit", ["LOGITS"]),
    "unknown command": ({}, "fitt z.npy y.npy", ["fitt", "calibrate --help"]),
    "no bins": ({}, "report z.npy y.npy --n-bins 0", ["--n-bins"]),
    "report: both": ({}, "report z.npy y.npy --fit -c c.json", ["either --calibrator or --fit"]),
    "report: into a file": ({}, "report z.npy y.npy -o z.npy", ["z.npy", "found a file"]),
    "report: missing parent": ({}, "report z.npy y.npy -o a/b", ["a/b", "create it"]),
    "weights: negative": (
        {"w.npy": npy(np.where(np.arange(60) == 5, -1.0, 1.0))},
        "fit z.npy y.npy --weights w.npy",
        ["w.npy: expected finite weights from 0", "-1 in row 5"],
    ),
    "weights: NaN": (
        {"w.npy": npy(np.where(np.arange(60) == 5, np.nan, 1.0))},
        "report z.npy y.npy --weights w.npy",
        ["w.npy: expected finite weights from 0", "nan in row 5"],
    ),
    "weights: all zero": (
        {"w.npy": npy(np.zeros(60))},
        "fit z.npy y.npy --weights w.npy",
        ["w.npy: every weight is 0"],
    ),
    "weights: too few": (
        {"w.npy": npy(np.ones(50))},
        "fit z.npy y.npy --weights w.npy",
        ["w.npy: expected 60 weights", "(50,)"],
    ),
    "class names: missing": (
        {},
        "report z.npy y.npy --class-names n.txt",
        ["n.txt: cannot be read", "No such file"],
    ),
    "csv without columns": (
        {"p.csv": b"y,pred_label,confidence\n1,1,0.5\n"},
        "report p.csv",
        ["p.csv", "true_label missing", "found y, pred_label, confidence", "--columns"],
    ),
    "csv without header": ({"p.csv": b""}, "report p.csv", ["p.csv", "an empty file"]),
    "csv without rows": (
        {"p.csv": b"true_label,pred_label,confidence\n"},
        "report p.csv",
        ["p.csv", "at least one row"],
    ),
    "csv confidence out of range": (
        {"p.csv": b"true_label,pred_label,confidence\na,a,0.5\na,b,97\n"},
        "report p.csv",
        ["p.csv: line 3", "between 0 and 1", "'97'"],
    ),
    "csv without a label": (
        {"p.csv": b"true_label,pred_label,confidence\na,,0.5\n"},
        "report p.csv",
        ["p.csv: line 2", "'pred_label'"],
    ),
    "csv not utf-8": (
        {"p.csv": b"true_label,pred_label,confidence\n\xff,a,0.5\n"},
        "report p.csv",
        ["p.csv", "UTF-8"],
    ),
    "csv with labels": (
        {"p.csv": b"true_label,pred_label,confidence\na,a,0.5\n"},
        "report p.csv y.npy",
        ["p.csv", "neither LABELS"],
    ),
    "columns of no csv": ({}, "report z.npy y.npy --columns a,b,c", ["z.npy", "--columns"]),
    "two columns": (
        {"p.csv": b"true_label,pred_label,confidence\na,a,0.5\n"},
        "report p.csv --columns a,b",
        ["p.csv: no column 'a'"],
    ),
    "unknown figure": (
        {},
        "report z.npy y.npy --plots relability",
        ["got 'relability'", "did you mean reliability?", "risk-coverage"],
    ),
    "groups: too few": (
        {"g.txt": b"a\nb\n"},
        "report z.npy y.npy --groups g.txt",
        ["g.txt: expected 60 groups, one per row, found 2"],
    ),
    "groups: no such column": (
        {"g.csv": b"id,site\n1,a\n"},
        "report z.npy y.npy --groups g.csv:place",
        ["g.csv: no column 'place'", "id, site"],
    ),
    "groups: missing": ({}, "report z.npy y.npy --groups g.csv:a", ["g.csv: no such file"]),
    "empty key": ({"a.npz": npz(logits=Z)}, "fit a.npz: y.npy", ["empty name or key"]),
    "labels to ignore": (
        {"l.npy": npy(np.where(Y == 1, -100, Y))},
        "fit z.npy l.npy",
        ["found -100 to 4", "label -100"],
    ),
    "negative shape": ({"h.npy": header("(-1, 5)")}, "fit h.npy y.npy", ["h.npy", "damaged"]),
    "huge shape": ({"h.npy": header(f"({2**63}, 5)")}, "fit h.npy y.npy", ["h.npy", "damaged"]),
    "huge empty shape": ({"h.npy": header(f"(0, {2**62})")}, "fit h.npy y.npy", ["damaged"]),
    "boolean shape": ({"h.npy": header("(True, 5)")}, "fit h.npy y.npy", ["h.npy", "damaged"]),
    "unbalanced header": ({"h.npy": header("((6, 5)")}, "fit h.npy y.npy", ["h.npy", "damaged"]),
    "damaged compressed npz": (
        {"a.npz": broken_npz()},
        "fit a.npz y.npy",
        ["a.npz:logits: expected a .npz file, found a damaged"],
    ),
    "apply: nothing to apply": ({}, "apply z.npy", ["-c calibrator.json or --temperature"]),
    "apply: T = 0": ({}, "apply z.npy --temperature 0", ["positive finite", "0.0"]),
    "apply: T = nan": ({}, "apply z.npy --temperature nan", ["positive finite", "nan"]),
    "apply: T negative": ({}, "apply z.npy --temperature=-2", ["positive finite", "-2.0"]),
    "apply: NaN": (
        {"n.npy": npy(spoiled(np.nan))},
        "apply n.npy --temperature 2",
        ["NaN at row 7"],
    ),
    "apply: full disk": ({}, "apply z.npy --temperature 2 -o /dev/full", ["No space left"]),
    "apply: missing folder": ({}, "apply z.npy --temperature 2 -o no/z.npy", ["no/z.npy"]),
}


def calibrator(**changes: object) -> bytes:
    content = {
        "schema": "calibrate.calibrator/1",
        "method": "temperature",
        "parameters": {"temperature": 2.0},
        "classes": 5,
        "fitted": {"rows": 10, "nll": 1.0, "version": "0.1.0"},
    }
    return json.dumps({**content, **changes}).encode()


CALIBRATORS: dict[str, tuple[bytes, list[str]]] = {
    "missing": (b"", ["no such calibrator file"]),
    "another K": (calibrator(classes=9), ["expected 9 classes", "found 5"]),
    "unknown schema": (calibrator(schema="calibrate.calibrator/9"), ["calibrate.calibrator/9"]),
    "a report": (b'{"schema": "calibrate.report/1"}', ["calibrate.report/1"]),
    "a list": (b"[1, 2]", ["JSON list"]),
    "truncated": (calibrator()[:50], ["JSON", "truncated"]),
    "binary": (b"\x93NUMPY\x01", ["JSON"]),
    "unknown method": (calibrator(method="magic"), ["'magic'", "temperature"]),
    "T = 0": (calibrator(parameters={"temperature": 0}), ["positive finite", "got 0"]),
    "T < 0": (calibrator(parameters={"temperature": -1.5}), ["positive finite", "got -1.5"]),
    "T = NaN": (
        calibrator(parameters={"temperature": float("nan")}),
        ["c.json.parameters.temperature: ", "found nan"],
    ),
    "T = text": (
        calibrator(parameters={"temperature": "2"}),
        ["expected a number", "'2'"],
    ),
    "T = true": (
        calibrator(parameters={"temperature": True}),
        ["expected a number", "True"],
    ),
    "no T": (calibrator(parameters={}), ["c.json", "parameters"]),
    "no parameters": (calibrator(parameters=None), ["c.json", "parameters"]),
    "other parameters": (calibrator(parameters={"beta": 2}), ["c.json", "beta"]),
    "odd classes": (calibrator(classes="many"), ["'many'"]),
    "deeply nested": (b"[" * 100_000, ["JSON"]),
}


@pytest.fixture
def folder(tmp_path: Path) -> Callable[[dict[str, bytes]], dict[str, bytes]]:
    """Write files; return all contents of the folder."""

    def written(files: dict[str, bytes]) -> dict[str, bytes]:
        for name, content in files.items():
            (tmp_path / name).write_bytes(content)
        return contents(tmp_path)

    return written


@pytest.mark.parametrize("name", FIT)
def test_one_line_and_nothing_written(name, run, folder):
    files, arguments, said = FIT[name]
    before = folder({**GOOD, **files})
    refused(run(*arguments.split()), *said)
    assert folder({}) == before


@pytest.mark.parametrize("command", ["apply z.npy", "report z.npy y.npy"])
@pytest.mark.parametrize("name", CALIBRATORS)
def test_calibrator_files(name, command, run, folder):
    content, said = CALIBRATORS[name]
    before = folder({**GOOD, **({"c.json": content} if content else {})})
    refused(run(*command.split(), "-c", "c.json"), *said)
    assert folder({}) == before


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_read_only_folder(run, folder, tmp_path):
    before = folder(GOOD)
    (tmp_path / "ro").mkdir(mode=0o555)
    refused(run("fit", "z.npy", "y.npy", "-o", "ro/c.json"), "not writable")
    assert folder({}) == before


@pytest.mark.parametrize(
    ("fitted", "said"),
    [
        (
            {"intervals": {"temperature": ["a", "b"]}},
            "[0]: expected a number, found 'a'",
        ),
        ({"intervals": {"temperature": [1]}}, "expected a list, found 1"),
        ({"rows": 2.5}, "rows: expected a whole number, found 2.5"),
    ],
)
def test_an_edited_file_names_the_place(fitted, said, run, folder):
    before = folder({**GOOD, "c.json": calibrator(fitted=fitted)})
    refused(run("report", "z.npy", "y.npy", "-c", "c.json"), "c.json.fitted.", said)
    assert folder({}) == before


def test_what_is_not_said_of_a_fit_is_not_known(run, folder):
    folder({**GOOD, "c.json": calibrator()})
    done = run("report", "z.npy", "y.npy", "-c", "c.json", "--format", "json", "--bootstrap", 0)
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout, parse_constant=pytest.fail)
    assert report["calibrator"]["intervals"] == {"temperature": None}
    assert report["calibrator"]["converged"] is None


@pytest.mark.parametrize("name", ["report.md", "report.json", "reliability.png"])
def test_a_report_is_written_whole_or_not_at_all(name, run, folder, tmp_path):
    folder(GOOD)
    (tmp_path / "out" / name).mkdir(parents=True)
    before = folder({})
    refused(run("report", "z.npy", "y.npy", "-o", "out"), name, "found a directory")
    assert folder({}) == before


def test_traceback_only_when_asked(run):
    assert "Traceback" in run("fit", "nowhere.npy", "y.npy", "--debug").stderr
