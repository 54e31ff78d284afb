"""Tables: scores and labels side by side in .csv, .tsv, .json and .jsonl."""

from __future__ import annotations

import csv
import gzip
import json
import os
import pickle
import resource
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import calibrate
from calibrate.data import decoded as spool
from calibrate.data.column import APART, everything
from calibrate.data.readers import contents
from calibrate.data.readers import csv as delimited
from calibrate.data.readers import json as json_rows
from calibrate.data.readers.open import open_column

NAMES = ["ant", "bee", "sea lion", "cat"]


@pytest.fixture
def rows() -> tuple[np.ndarray, np.ndarray]:
    """60 rows, 4 classes, every one of them a label."""
    rng = np.random.default_rng(3)
    z = rng.normal(scale=3, size=(60, 4))
    return z, np.r_[np.arange(4), (z[4:] / 2 + rng.gumbel(size=(56, 4))).argmax(axis=1)]


def as_csv(header: list[str] | None, rows: list[list[object]], delimiter: str = ",") -> bytes:
    from io import StringIO

    out = StringIO()
    writer = csv.writer(out, delimiter=delimiter)
    writer.writerows([*([header] if header else []), *rows])
    return out.getvalue().encode()


def lines(rows: list[dict[str, object]]) -> bytes:
    return "".join(json.dumps(row) + "\n" for row in rows).encode()


def harness(z: np.ndarray, y: np.ndarray, text: bool) -> bytes:
    def said(value: float) -> list[object]:
        return [str(value), "False"] if text else [value, False]

    return lines(
        [
            {
                "doc": {"q": "?"},
                "target": str(i) if text else int(i),
                "resps": [[said(v)] for v in row],
                "filtered_resps": [said(v) for v in row],
                "filter": "none",
            }
            for row, i in zip(z.tolist(), y, strict=True)
        ]
    )


def written(kind: str, z: np.ndarray, y: np.ndarray) -> tuple[str, bytes]:
    """A file that holds both, and its name."""
    values, texts = z.tolist(), [NAMES[i] for i in y]
    pairs = list(zip(values, y.tolist(), strict=True))
    match kind:
        case "names last":
            content = as_csv(
                [*NAMES, "Label"], [[*r, t] for r, t in zip(values, texts, strict=True)]
            )
            return "a.csv", content
        case "number first":
            return "a.csv", as_csv(["y", *NAMES], [[i, *r] for r, i in pairs])
        case "in the middle":
            return "a.csv", as_csv(
                ["a", "target", "b", "c", "d"], [[r[0], i, *r[1:]] for r, i in pairs]
            )
        case "tabs, capitals, mark":
            head = [*NAMES, "true_label"]
            rows = [[*r, f" {t.upper()} "] for r, t in zip(values, texts, strict=True)]
            return "a.tsv", b"\xef\xbb\xbf" + as_csv(head, rows, "\t")
        case "pandas":
            head = ["", "0", "1", "2", "3", "label"]
            return "a.csv", as_csv(head, [[k, *r, float(i)] for k, (r, i) in enumerate(pairs)])
        case "R":
            quoted = "".join(
                f'"{k}",{",".join(map(repr, r))},"{t}"\n'
                for k, (r, t) in enumerate(zip(values, texts, strict=True), 1)
            )
            head = ",".join(f'"{n}"' for n in ["", *NAMES, "label"])
            return "a.csv", f"{head}\n{quoted}".encode()
        case "semicolons, CRLF":
            content = as_csv([*NAMES, "label"], [[*r, i] for r, i in pairs], ";")
            return "a.csv", content
        case "packed":
            return "a.csv.gz", gzip.compress(as_csv([*NAMES, "label"], [[*r, i] for r, i in pairs]))
        case "jsonl":
            return "a.jsonl", lines([{"id": 1, "logits": r, "label": i} for r, i in pairs])
        case "json":
            held = [{"scores": r, "y": i} for r, i in pairs]
            return "a.json", json.dumps(held, indent=1).encode()
        case "harness":
            return "a.jsonl", harness(z, y, text=False)
        case _:
            return "a.jsonl", harness(z, y, text=True)


KINDS = [
    *("names last", "number first", "in the middle", "tabs, capitals, mark", "pandas", "R"),
    *("semicolons, CRLF", "packed", "jsonl", "json", "harness", "harness in texts"),
]


@pytest.mark.parametrize("kind", KINDS)
def test_figures_are_those_of_the_npy(kind, rows, tmp_path):
    z, y = rows
    name, content = written(kind, z, y)
    (tmp_path / name).write_bytes(content)
    found = calibrate.open_dataset(str(tmp_path / name))
    assert found.read(0, 60).logits.tobytes() == z.tobytes()
    assert calibrate.fit(found).temperature == calibrate.fit(z, y).temperature
    one, two = calibrate.evaluate(found), calibrate.evaluate(z, y)
    assert one.metrics == two.metrics


@pytest.mark.parametrize("kind", KINDS)
def test_the_same_from_many_blocks_and_a_spool(kind, rows, tmp_path, monkeypatch):
    z, y = rows
    name, content = written(kind, z, y)
    (tmp_path / name).write_bytes(content)
    monkeypatch.setattr(delimited, "BLOCK", 300)
    monkeypatch.setattr(spool, "SMALL", 100)
    monkeypatch.setenv("CALIBRATE_SPOOL", str(tmp_path))
    found = calibrate.open_dataset(str(tmp_path / name))
    assert found.logits.apart == APART  # on disk
    assert [each.name for each in tmp_path.iterdir()] == [name]  # the spool has no name
    assert found.read(0, 60).logits.tobytes() == z.tobytes()
    assert found.read(7, 41).labels.tolist() == y[7:41].tolist()
    again = pickle.loads(pickle.dumps(found))
    assert again.read(3, 9).labels.tolist() == y[3:9].tolist()
    assert len(pickle.dumps(found)) < 5_000  # an address, not the content


def test_numbers_keep_their_own_digits(tmp_path):
    values = [[0.1, 1e-310, 5e-324], [1 / 3, 1.7976931348623157e308, -0.0], [2.5, -np.inf, 9.0]]
    (tmp_path / "a.csv").write_bytes(as_csv(["a", "b", "c"], values))
    found = open_column(str(tmp_path / "a.csv"), "logits")
    assert found.read(0, 3).tobytes() == np.array(values).tobytes()
    assert found.class_names == ("a", "b", "c")


@pytest.mark.parametrize(
    ("first", "n_rows"),
    [("1,2,0.5", 3), ("0,1,2", 2), ("1,2,3", 3), ("a,b,c", 2), ("# a,b,c", 2), ("0,1,x", 2)],
)
def test_a_header_is_recognised(first, n_rows, tmp_path):
    (tmp_path / "a.csv").write_text(f"{first}\n0.5,1,2\n3,4,5\n")
    assert open_column(str(tmp_path / "a.csv"), "logits").shape == (n_rows, 3)


@pytest.mark.parametrize(("second", "n_rows"), [("0,1", 2), ("0.5,1", 1)])
def test_two_numbers_are_a_header_above_fractions_only(second, n_rows, tmp_path):
    (tmp_path / "a.csv").write_text(f"0,1\n{second}\n")
    assert open_column(str(tmp_path / "a.csv"), "logits").shape == (n_rows, 2)


def test_row_names_are_left_out_and_that_is_said(rows, tmp_path):
    name, content = written("pandas", *rows)
    (tmp_path / name).write_bytes(content)
    (note,) = calibrate.open_dataset(str(tmp_path / name)).notes
    assert "left out as row names" in note


def test_ragged_choices_are_masked(tmp_path):
    z = np.array([[-1.0, -2.5, -np.inf], [-3.0, -0.5, -0.25], [-1.5, -1.25, -2.0]])
    content = lines(
        [
            {"target": i, "filtered_resps": [[v, False] for v in row if np.isfinite(v)]}
            for i, row in enumerate(z.tolist())
        ]
    )
    (tmp_path / "a.jsonl").write_bytes(content)
    found = open_column(str(tmp_path / "a.jsonl"), "logits")
    assert found.read(0, 3).tolist() == z.tolist()


def test_a_column_for_every_role(rows, tmp_path):
    """Weights, groups and clusters from a .csv; the label column of another file."""
    z, y = rows
    np.save(tmp_path / "z.npy", z)
    table_rows = [[NAMES[i], 0.5 + k % 3, f"g{k % 2}", k // 2] for k, i in enumerate(y)]
    (tmp_path / "m.csv").write_bytes(as_csv(["species", "w", "part", "text"], table_rows))
    at = str(tmp_path / "m.csv")
    reading = calibrate.Reading(label_column="species", class_names=NAMES)
    found = calibrate.open_dataset(
        str(tmp_path / "z.npy"), at, weights=f"{at}:w", clusters=f"{at}:text", reading=reading
    )
    weights = np.array([r[1] for r in table_rows])
    expected = calibrate.fit(z, y, weights=weights, clusters=np.arange(60) // 2)
    assert calibrate.fit(found).interval == expected.interval


BAD = {
    "empty": ("a.csv", b"", "empty file"),
    "blank": ("a.csv", b"\n \n", "empty file"),
    "header only": ("a.csv", b"a,b,label\n", "at least one row"),
    "no labels": ("a.csv", b"a,b\n0.5,1\n", "label_column"),
    "text": (
        "a.csv",
        b"a,b,label\n0.5,1,0\n0.5,x,1\n",
        "line 3, column 'b': expected a number, found 'x'",
    ),
    "text, in quotes": ("a.csv", b'a,b,label\n"0.5",1,"0"\n0.5,x,1\n', "line 3, column 'b'"),
    "text column": ("a.csv", b"a,b,kind\n0.5,1,ant\n", '`label_column="kind"`'),
    "nothing": ("a.csv", b"a,b,label\n0.5,,0\n", "found nothing"),
    "decimal comma": ("a.csv", b"a;b;label\n0,5;1;0\n", "write 0.9, not 0,9"),
    "underscore": ("a.csv", b"a,b,label\n1_0,1,0\n", "'1_0'"),
    "longer row": ("a.csv", b"a,b,label\n1,2,0\n1,2,3,0\n", "line 3: expected 3 fields"),
    "shorter row": ("a.csv", b"a,b,label\n1,2,0\n1,2\n", "line 3: expected 3 fields"),
    "NaN": ("a.csv", b"a,b,label\n1,2,0\n1,nan,0\n", "NaN"),
    "twice": ("a.csv", b"a,b,a,label\n1,2,3,0\n", "2 columns are named 'a'"),
    "two label columns": ("a.csv", b"a,b,label,target\n1,2,0,0\n", "label, target may each"),
    "open quote": ("a.csv", b'a,b,label\n1,"2,0\n1,2,0\n', "CSV file"),
    "UTF-16": ("a.csv", "a,b,label\n".encode("utf-16"), "found UTF-16"),
    "Latin-1": ("a.csv", b"a,b,label\n1,2,0\n1,2,\xe9\n", "line 3: expected text in UTF-8"),
    "an archive": ("a.csv", b"PK\x03\x04", "zip archive"),
    "an array": ("a.csv", b"\x93NUMPY\x01\x00", "UTF-8"),
    "no gzip": ("a.csv.gz", b"a,b,label\n1,2,0\n", "gzip"),
    "cut gzip": ("a.csv.gz", gzip.compress(b"a,b,label\n1,2,0\n" * 99)[:-9], "gzip"),
    "predictions": ("a.csv", b"true_label,pred_label,confidence\n0,1,0.5\n", "`calibrate report`"),
    "unknown label": (
        "a.csv",
        b"ant,bee,label\n1,2,bee\n2,1,bea\n",
        "in row 1; did you mean 'bee'?",
    ),
    "no label": ("a.csv", b"ant,bee,label\n1,2,bee\n2,1,\n", "found nothing in row 1"),
    "a line without end": ("a.csv.gz", gzip.compress(b"," * (17 << 20), 1), "at most 16 MiB"),
    "columns without end": ("a.csv", b"," * (3 << 19) + b"\n", "at most 1,048,576 columns"),
    "jsonl: empty": ("a.jsonl", b"", "empty file"),
    "jsonl: cut": ("a.jsonl", b'{"logits": [1, 2], "label": 0}\n{"logits": [1', "line 2"),
    "jsonl: no object": ("a.jsonl", b"3\n", "expected an object"),
    "jsonl: no scores": ("a.jsonl", b'{"label": 0}\n', "no array 'logits'"),
    "jsonl: no labels": ("a.jsonl", b'{"logits": [1, 2]}\n', "no array 'labels'"),
    "jsonl: a key less": (
        "a.jsonl",
        b'{"logits": [1, 2], "y": 0}\n{"logits": [1, 2]}\n',
        "no key 'y'",
    ),
    "jsonl: lengths": (
        "a.jsonl",
        b'{"logits": [1, 2], "y": 0}\n{"logits": [1], "y": 0}\n',
        "line 2",
    ),
    "jsonl: null": (
        "a.jsonl",
        b'{"logits": [1, null], "y": 0}\n',
        "place 1: expected a number, found null",
    ),
    "jsonl: text": ("a.jsonl", b'{"logits": [1, "2"], "y": 0}\n', "found '2'"),
    "jsonl: huge": ("a.jsonl", b'{"logits": [1, 1' + b"0" * 400 + b'], "y": 0}\n', "larger one"),
    "jsonl: deep": ("a.jsonl", b'{"logits": ' + b"[" * 100_000 + b"\n", "line 1"),
    "json: cut": ("a.json", b'[{"logits": [1, 2], "y": 0}, {"logits"', "list of JSON objects"),
    "json: numbers": ("a.json", b"[1, 2, 3]", "expected an object"),
    "jsonl: a line without end": ("a.jsonl", b"{" + b" " * (17 << 20), "more than 16 MiB"),
    "jsonl: a key twice": (
        "a.jsonl",
        b'{"logits": [1, 2], "y": 0}\n{"logits": [1, 2], "y": 0, "logits": [2, 1]}\n',
        "line 2: expected a JSON object per line: the key 'logits' is there twice",
    ),
    "jsonl: a key twice, in other letters": (
        "a.jsonl",
        b'{"logits": [1, 2], "y": 0}\n{"logits": [1, 2], "y": 0, "log\\u0069ts": [2, 1]}\n',
        "line 2: expected a JSON object per line: the key 'logits' is there twice",
    ),
    "json: a key twice": ("a.json", b'[{"logits": [1, 2], "y": 0, "y": 1}]', "'y' is there twice"),
    "harness: text": ("a.jsonl", b'{"target": "x", "filtered_resps": ["yes"]}\n', "generates text"),
    "harness: one": (
        "a.jsonl",
        b'{"target": 0, "filtered_resps": [[-1.0, false]]}\n',
        "without choices",
    ),
    "harness: filters": (
        "a.jsonl",
        b'{"target": 0, "resps": [[[-1, true]], [[-2, true]]], "filter": "a"}\n'
        b'{"target": 0, "resps": [[[-1, true]], [[-2, true]]], "filter": "b"}\n',
        "filters 'a' and 'b'",
    ),
}


def test_a_few_bytes_do_not_fill_the_disk(tmp_path, monkeypatch):
    monkeypatch.setattr(contents, "MOST_UNPACKED", 1 << 20)
    content = gzip.compress(b"a,b\n" + b"0,0\n" * (1 << 20))
    (tmp_path / "a.csv.gz").write_bytes(content)
    with pytest.raises(calibrate.InputError, match=r"packed more than 50 times.* in \d,\d+ bytes"):
        open_column(f"{tmp_path}/a.csv.gz", "logits")


@pytest.mark.parametrize("case", BAD)
def test_bad_tables_are_told_in_one_line(case, tmp_path):
    name, content, said = BAD[case]
    (tmp_path / name).write_bytes(content)
    with pytest.raises(calibrate.InputError) as told:
        calibrate.open_dataset(str(tmp_path / name))
    assert said in str(told.value)
    assert "\n" not in str(told.value)


def test_a_wrong_key_names_the_nearest(tmp_path):
    (tmp_path / "a.csv").write_bytes(b"ant,bee,label\n1,2,0\n")
    with pytest.raises(calibrate.InputError, match=r"no column 'lable'; it holds .* mean 'label'"):
        open_column(f"{tmp_path}/a.csv:lable", "labels")


def test_labels_among_the_scores_are_noticed(rows, tmp_path):
    z, y = rows
    content = as_csv([*NAMES, "gold"], [[*r, i] for r, i in zip(z.tolist(), y, strict=True)])
    (tmp_path / "a.csv").write_bytes(content)
    name = str(tmp_path / "a.csv")
    with pytest.raises(calibrate.InputError, match='`label_column="gold"` if these are'):
        calibrate.open_dataset(name, needs_labels=False)
    gold = calibrate.open_dataset(name, reading=calibrate.Reading(label_column="gold"))
    assert gold.n_classes == 4
    none = calibrate.Reading(label_column="none")
    assert calibrate.open_dataset(name, needs_labels=False, reading=none).n_classes == 5


def test_a_constant_column_is_no_label(tmp_path):
    rows = [[0, k + 0.5] for k in range(20)]  # the reference class of a logistic regression
    (tmp_path / "a.csv").write_bytes(as_csv(["a", "b"], rows))
    assert open_column(str(tmp_path / "a.csv"), "logits").shape == (20, 2)


def test_a_full_disk_is_said_and_nothing_stays(tmp_path):
    """The system refuses to let a file grow, as a full disk does."""
    (tmp_path / "spool").mkdir()
    rng = np.random.default_rng(0)
    row = ",".join(f"{v:.3f}" for v in rng.normal(size=1_000))
    with open(tmp_path / "a.csv", "w") as file:
        file.writelines([row + "\n"] * 6_000)  # 48 MB as float64
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "calibrate",
            "apply",
            "a.csv",
            "--temperature",
            "2",
            "--spool",
            "spool",
        ],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(Path(calibrate.__file__).parent.parent)},
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, 1 << 20)),
        check=False,
    )
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert "name another with --spool or CALIBRATE_SPOOL" in done.stderr
    assert sorted(each.name for each in tmp_path.iterdir()) == ["a.csv", "spool"]
    assert not list((tmp_path / "spool").iterdir())


def test_a_spool_too_small_is_said_before_the_work():
    with pytest.raises(calibrate.InputError, match=r"expected about .* GiB free"):
        spool.Spool("a.csv", (1 << 20,), np.dtype(np.float64), 1 << 40)


def test_no_folder_for_the_spool(run, tmp_path):
    (tmp_path / "a.csv").write_bytes(b"a,b,label\n1,2,0\n2,1,1\n")
    done = run("fit", "a.csv", "--spool", "nowhere")
    assert (done.returncode, done.stdout) == (2, "")
    assert "--spool: expected an existing folder, found 'nowhere'" in done.stderr


@pytest.mark.parametrize("size", [8, 20, 50, 10_000])
def test_a_quoted_line_end_is_part_of_a_label(size, tmp_path, monkeypatch):
    """Wherever the blocks of the file end."""
    monkeypatch.setattr(delimited, "BLOCK", size)
    rows = b'1.5,2,"sea\nlion"\n0.5,1,b\n2.5,1,"sea\nlion"\n0.25,4,b\n'
    (tmp_path / "a.csv").write_bytes(b"a,b,label\n" + rows)
    reading = calibrate.Reading(class_names=("sea\nlion", "b"))
    found = calibrate.open_dataset(str(tmp_path / "a.csv"), reading=reading)
    assert found.read(0, 4).labels.tolist() == [0, 1, 0, 1]
    assert found.read(0, 4).logits.tolist() == [[1.5, 2], [0.5, 1], [2.5, 1], [0.25, 4]]


@pytest.mark.parametrize("parser", ["orjson", "json"])
def test_lines_are_read_alike_by_either_parser(parser, tmp_path, monkeypatch):
    if parser == "json":
        monkeypatch.setattr(json_rows, "orjson", None)
    values = [0.1, -2.5e-308, 1.7976931348623157e308, 9007199254740993, -0.0, 12345678901234567890]
    rows = [json.dumps({"logits": values[i:] + values[:i], "label": i}) for i in range(6)]
    (tmp_path / "a.jsonl").write_text("\ufeff" + "\n\n".join(rows))
    found = open_column(str(tmp_path / "a.jsonl"), "logits").read(0, 6)
    assert found.tolist() == [[float(x) for x in values[i:] + values[:i]] for i in range(6)]
    (tmp_path / "n.jsonl").write_text('{"logits": [NaN, 1], "label": 0}\n')
    with pytest.raises(calibrate.InputError, match="found NaN at row 0, column 0"):
        calibrate.open_dataset(str(tmp_path / "n.jsonl"))
    (tmp_path / "b.jsonl").write_text('{"logits": [1, 1], "label": 0}\n{"logits": [1, \n')
    with pytest.raises(calibrate.InputError, match="line 2: expected a JSON object per line"):
        calibrate.open_dataset(str(tmp_path / "b.jsonl"))


@pytest.mark.parametrize("place", range(4))
@pytest.mark.parametrize("quote", ["", '"'])
def test_any_column_may_be_the_text(place, quote, tmp_path):
    rows = [[str(10 * r + k) for k in range(4)] for r in range(3)]
    for r, row in enumerate(rows):
        row[place] = f"{quote}x{',' if quote else ''} {r}{quote}"
    names = [*"abcd"]
    (tmp_path / "a.csv").write_text("\n".join(",".join(row) for row in [names, *rows]) + "\n\n")
    texts = everything(open_column(f"{tmp_path}/a.csv:{names[place]}", "groups"))
    assert texts.tolist() == [row[place].strip('"') for row in rows]
    scores = open_column(f"{tmp_path}/a.csv", "logits", label_column=names[place])
    others = [k for k in range(4) if k != place]
    assert everything(scores).tolist() == [[10 * r + k for k in others] for r in range(3)]
