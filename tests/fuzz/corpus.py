"""Inputs that once ended otherwise than in an answer or one line: the first that are run."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable

import numpy as np
from fuzz.cases import Case
from fuzz.values import npy

RNG = np.random.default_rng(0)
Z = RNG.normal(size=(30, 4)) * 3
Y = (Z / 2 + RNG.gumbel(size=Z.shape)).argmax(axis=1)
FILES = {"z.npy": npy(Z.astype(np.float32)), "y.npy": npy(Y)}
QUICK = "--bootstrap 3 --dpi 30 --plots risk-coverage"


def header(shape: str, descr: str = "<f4", data: bytes = bytes(4096)) -> bytes:
    """A .npy whose header says what it likes."""
    text = f"{{'descr': '{descr}', 'fortran_order': False, 'shape': {shape}, }}".encode()
    text += b" " * (-(len(text) + 11) % 64) + b"\n"
    return b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text + data


def zipped(kind: int = zipfile.ZIP_STORED, *more: tuple[str, bytes], **how: bool) -> bytes:
    """A .npz of logits, labels and more members."""
    buffer = io.BytesIO()
    members = [("logits.npy", FILES["z.npy"]), ("labels.npy", FILES["y.npy"]), *more]
    with zipfile.ZipFile(buffer, "w", kind) as archive:
        for name, content in members:
            with archive.open(name, "w", **how) as member:
                member.write(content)
    return buffer.getvalue()


def flagged(archive: bytes, at: int, to: int) -> bytes:
    """The same archive with a byte changed in each header of a member: its flags, or its kind."""
    found = bytearray(archive)
    for mark, place in ((b"PK\x03\x04", at), (b"PK\x01\x02", at + 2)):
        start = found.find(mark)
        while start >= 0:
            found[start + place] = to
            start = found.find(mark, start + 1)
    return bytes(found)


def bomb(size: int = 3 << 30) -> bytes:
    """A few megabytes that unpack to gigabytes."""
    buffer, start = io.BytesIO(), io.BytesIO()
    about = {"descr": "<f4", "fortran_order": False, "shape": (size // 4000, 1000)}
    np.lib.format.write_array_header_1_0(start, about)
    with (
        zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive,
        archive.open("logits.npy", "w", force_zip64=True) as member,
    ):
        member.write(start.getvalue())
        zeros = bytes(1 << 24)
        for _ in range(size >> 24):
            member.write(zeros)
    return buffer.getvalue()


def cut_size(archive: bytes) -> bytes:
    """A .npz whose list says of a compressed member that it is small: a bomb in disguise."""
    return flagged(archive, 22, 16)


def calibrator(**changes: object) -> bytes:
    content = {
        "schema": "calibrate.calibrator/1",
        "method": "temperature",
        "parameters": {"temperature": 2.0},
        "classes": 4,
        "fitted": {"rows": 10, "nll": 1.0, "version": "0.1.0"},
    }
    return json.dumps({**content, **changes}).encode()


def rows(n: int, weights: list[float] | None = None, scale: float = 1.0) -> dict[str, bytes]:
    files = {"a.npy": npy(Z[:n] * scale), "b.npy": npy(Y[:n])}
    return files if weights is None else {**files, "w.npy": npy(np.array(weights))}


def csv(*lines: str) -> dict[str, bytes]:
    content = "\n".join(["true_label,pred_label,confidence", *lines]) + "\n"
    return {"p.csv": content.encode()}


FEW = [1.0, 0, 2, 0, 0, 1] + [0.0] * 24
TWO = [0.0, 1, 0, 3] + [0.0] * 26

# name: (the command line, files besides FILES, what the line says; None where there is an answer)
CORPUS: dict[str, tuple[str, dict[str, bytes], str | None]] = {
    "two rows": (f"report a.npy b.npy {QUICK}", rows(2), None),
    "one row": (f"report a.npy b.npy {QUICK}", rows(1), None),
    "two weights": (f"report a.npy b.npy --weights w.npy {QUICK}", rows(30, TWO), None),
    "three weights": (f"report a.npy b.npy --weights w.npy {QUICK}", rows(30, FEW), None),
    "three weights, cross-fitted": (
        f"report a.npy b.npy --fit --weights w.npy {QUICK}",
        rows(30, FEW),
        "at least 5 rows whose weight is not 0",
    ),
    "tiny weights": (f"report a.npy b.npy --weights w.npy {QUICK}", rows(30, [1e-200] * 30), None),
    "subnormal weights": ("fit a.npy b.npy --weights w.npy", rows(30, [1e-310] * 30), None),
    "huge weights": (f"report a.npy b.npy --weights w.npy {QUICK}", rows(30, [1e200] * 30), None),
    "weights far apart": ("fit a.npy b.npy --weights w.npy", rows(30, [1e-300, 1e300] * 15), None),
    "subnormal logits": (f"report a.npy b.npy {QUICK}", rows(30, scale=1e-310), None),
    "tiny logits": ("fit a.npy b.npy", rows(30, scale=1e-200), None),
    "large logits": (f"report a.npy b.npy {QUICK}", rows(30, scale=1e98), None),
    "huge logits": ("report a.npy b.npy", rows(30, scale=1e307), "divide all of them"),
    "lowest number at a label": (
        "fit a.npy b.npy",
        {"a.npy": npy(np.where(np.arange(4) == Y[:, None], -1.7e308, Z)), "b.npy": npy(Y)},
        "less than -1e+300 at its own label",
    ),
    "lowest number as a mask": (
        f"report a.npy b.npy {QUICK}",
        {
            "a.npy": npy(np.where(np.arange(4) == (Y[:, None] + 1) % 4, -1.7e308, Z)),
            "b.npy": npy(Y),
        },
        None,
    ),
    "subnormal shares": (
        "thresholds a.npy b.npy",
        {"a.npy": npy(Z[:, 0]), "b.npy": npy(np.where(Y > 1, 5e-324, 0.0))},
        None,
    ),
    "clusters infinite": (
        "fit z.npy y.npy --cluster u.npy",
        {"u.npy": npy(np.array([np.inf] * 15 + [1.0] * 15))},
        "as whole numbers or text",
    ),
    "empty text": (f"report z.npy y.npy --groups g.txt {QUICK}", {"g.txt": b""}, "found 0"),
    "empty clusters": ("fit z.npy y.npy --cluster g.txt", {"g.txt": b""}, "30 clusters"),
    "axes: 65": ("fit h.npy y.npy", {"h.npy": header(f"({'1,' * 65})")}, "at most 32 axes"),
    "axes: 64": ("fit h.npy y.npy", {"h.npy": header(f"({'1,' * 64})")}, "at most 32 axes"),
    "values of no size": (
        "fit h.npy y.npy",
        {"h.npy": header("(9999999999999,5)", "<U0")},
        "no size",
    ),
    "no rows, but many": ("fit h.npy y.npy", {"h.npy": header(f"({2**47},{2**47},0)")}, "damaged"),
    "of Python 2": ("apply h.npy --temperature 2", {"h.npy": header("(6L, 4L)")}, None),
    "npz: encrypted": ("fit a.npz", {"a.npz": flagged(zipped(), 6, 1)}, "encrypted"),
    "npz: bzip2": ("fit a.npz", {"a.npz": zipped(zipfile.ZIP_BZIP2)}, None),
    "npz: lzma": ("fit a.npz", {"a.npz": zipped(zipfile.ZIP_LZMA)}, None),
    "npz: broken lzma": ("fit a.npz", {"a.npz": flagged(zipped(8), 8, 14)}, "unknown kind"),
    "npz: unknown compression": ("fit a.npz", {"a.npz": flagged(zipped(8), 8, 9)}, "unknown kind"),
    "npz: zip64": ("fit a.npz", {"a.npz": zipped(force_zip64=True)}, None),
    "npz: spanned": ("fit a.npz", {"a.npz": b"PK\x07\x08" + zipped()[4:]}, "unknown kind"),
    "npz: a folder": ("fit a.npz", {"a.npz": zipped(0, ("logits/", b""))}, None),
    "npz: not what it says": ("fit a.npz", {"a.npz": cut_size(zipped(8))}, "a.npz"),
    "npz: two of a name": (
        "fit a.npz",
        {"a.npz": zipped(0, ("labels", FILES["y.npy"]))},
        "2 arrays 'labels'",
    ),
    "npz: escape sequences": (
        "fit a.npz:x",
        {"a.npz": zipped(0, ("\x1b[31mred\n", b""), ("k" * 60_000, b""))},
        r"\x1b[31mred",
    ),
    "json: 400 digits of T": (
        "apply z.npy -c c.json",
        {"c.json": calibrator(parameters={"temperature": 10**400})},
        "expected a number",
    ),
    "json: 400 digits of classes": (
        "apply z.npy -c c.json",
        {"c.json": calibrator(classes=10**400)},
        "expected a whole number",
    ),
    "json: a mark at its start": (
        "apply z.npy -c c.json",
        {"c.json": b"\xef\xbb\xbf" + calibrator()},
        None,
    ),
    "json: HTML and escapes": (
        f"report z.npy y.npy -c c.json {QUICK}",
        {"c.json": calibrator(fitted={"label_smoothing": "<script>alert(1)</script>\x1b[2J"})},
        None,
    ),
    "json: a long key": (
        "apply z.npy -c c.json",
        {"c.json": json.dumps({"schema": "calibrate.calibrator/1", "k" * 10**6: 1}).encode()},
        "kkk...kkk",
    ),
    "label offset: 2^63": (
        "fit z.npy y.npy --label-offset 9223372036854775808",
        {},
        "label-offset",
    ),
    "label offset: small labels": (
        "fit a.npy b.npy --label-offset 1",
        {"a.npy": npy(Z[:, 0]), "b.npy": npy((Y % 2).astype(np.uint8))},
        "found -1 to 0",
    ),
    "labels of 300 digits": (
        "fit z.npy b.npy",
        {"b.npy": npy(np.where(Y > 1, 1e300, 0.0))},
        "found 0 to 1e+300",
    ),
    "class names: escapes": (
        f"report z.npy y.npy --class-names n.txt {QUICK}",
        {"n.txt": "\ufeffa\x1b[2J\nb\u202etxt\n<b>c</b>\nd|`e`\n".encode()},
        None,
    ),
    "csv: decimal commas": (f"report p.csv {QUICK}", csv("1,1,0,9"), "expected 3 fields"),
    "csv: a field less": (f"report p.csv {QUICK}", csv("1,0.9"), "expected 3 fields"),
    "csv: 0.9_5": (f"report p.csv {QUICK}", csv("1,1,0.9_5"), "'0.9_5'"),
    "csv: inf": (f"report p.csv {QUICK}", csv("1,1,inf"), "'inf'"),
    "csv: a missing number": (f"report p.csv {QUICK}", csv("1,1,0.5", "nan,1,0.5"), "found 'nan'"),
    "csv: two columns of a name": (
        f"report p.csv {QUICK}",
        {"p.csv": b"true_label,pred_label,confidence,confidence\n1,1,0.5,0.6\n"},
        "2 columns are named 'confidence'",
    ),
    "csv: an open quote": (f"report p.csv {QUICK}", csv('"1,1,0.5', "1,1,0.5"), "CSV file"),
    "csv: escapes in the header": (
        "report p.csv",
        {"p.csv": b"a\x1b[31m,b\xe2\x80\xae," + b"c" * 100_000 + b"\n1,1,1\n"},
        r"a\x1b[31m, b\u202e",
    ),
    "csv: a long label": (f"report p.csv {QUICK}", csv("x" * 100_000 + ",y,2"), "found '2'"),
    "txt: one long line": (
        f"report z.npy y.npy --groups g.txt {QUICK}",
        {"g.txt": b"x" * 10**7 + b"\n" + b"a\n" * 29},
        "expected short texts",
    ),
}

# what is too large to be made for nothing
MADE: dict[str, tuple[str, Callable[[], dict[str, bytes]], str]] = {
    "npz: a bomb": ("fit a.npz:logits y.npy", lambda: {"a.npz": bomb()}, "at most 1 GiB"),
}


def case_of_corpus(name: str) -> tuple[Case, str | None]:
    """The case of a name, and what its line says, if it gets one."""
    if name in MADE:
        line, make, said = MADE[name]
        return Case(line.split(), {**FILES, **make()}), said
    line, files, expected = CORPUS[name]
    return Case(line.split(), {**FILES, **files}), expected
