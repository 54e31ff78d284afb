"""What `inspect` says of files, held against what the commands make of them."""

from __future__ import annotations

import json
import pickle
import shlex
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from conftest import SAMPLES, gumbel_labels
from fuzz.cases import Case, Rows, arrays, calibrator

import calibrate
from calibrate.errors import CalibrateError, InputError
from calibrate.results.inspection import Inspection
from calibrate.results.json import read_result, to_json

NAMES = ("cat", "dog", "sea lion", "emu", "fox")
RNG = np.random.default_rng(3)
Z = (RNG.normal(size=(300, 5)) * 3).astype(np.float32)
Y = gumbel_labels(Z, 2.0, RNG)
P = np.exp(Z) / np.exp(Z).sum(axis=1, keepdims=True)
MANY = (RNG.random((300, 5)) < 0.4).astype(np.uint8)


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def saved(**held: np.ndarray) -> list[str]:
    for name, array in held.items():
        np.save(f"{name}.npy", array)
    return [f"{name}.npy" for name in held]


def opened_by(command: str) -> calibrate.Dataset:
    """The rows that a command of `fit` or `report` would open."""
    _, _, *words = shlex.split(command)
    words = words[: words.index("-c")] if "-c" in words else words
    first = next((i for i, word in enumerate(words) if word.startswith("--")), len(words))
    given = {k[2:].replace("-", "_"): v for k, v in zip(*[iter(words[first:])] * 2, strict=True)}
    how = {k: int(v) if k in ("label_offset", "ignore_label") else v for k, v in given.items()}
    return calibrate.open_dataset(*words[:first], reading=calibrate.Reading(**how))


def refusal(command: str) -> str:
    """Why the rows of a command would not be opened; empty where they are."""
    try:
        opened_by(command)
    except CalibrateError as error:
        return str(error)
    return ""


LEFT_OUT = np.where(np.arange(300) < 20, -100, Y)
PAIRS = {
    "logits": (Z, Y, "multiclass", "", 300),
    "probabilities": (P, Y, "multiclass", "--scores probabilities", 300),
    "no probabilities quite": (P * np.float32(0.9995), Y, "multiclass", "", 300),
    "shares within 0.001": (Z, P.astype(np.float64) * 0.9995, "multiclass", "", 300),
    "log-probabilities": (np.log(P), Y, "multiclass", "", 300),
    "one-based labels": (Z, Y + 1, "multiclass", "--label-offset 1", 300),
    "left out": (Z, LEFT_OUT, "multiclass", "--ignore-label -100", 280),
    "soft labels": (Z, P[::-1].astype(np.float64), "multiclass", "", 300),
    "one-hot labels": (Z, np.eye(5, dtype=int)[Y], "multiclass", "", 300),
    "binary": (Z[:, 0], MANY[:, 0], "binary", "", 300),
    "P(yes)": (P[:, :1], MANY[:, :1].astype(float), "binary", "--scores probabilities", 300),
    "many labels": (Z, MANY, "multilabel", "--task multilabel", 1500),
    "P of many": (1 - P, MANY, "multilabel", "--scores probabilities --task multilabel", 1500),
    "tokens": (Z.reshape(20, 15, 5), Y.reshape(20, 15), "multiclass", "", 300),
    "text labels": (Z, np.array(NAMES)[Y], "multiclass", "", 300),
    "whole scores": (np.round(Z).astype(np.int8), Y, "multiclass", "", 300),
    "float16": (P.astype(np.float16), Y, "multiclass", "--scores probabilities", 300),
    "masked": (np.where(np.arange(5) == Y[:, None], Z, -np.inf), Y, "multiclass", "", 300),
}


@pytest.mark.parametrize(
    ("name", "swapped"),  # whole numbers are scores where they come first
    [*((name, False) for name in PAIRS), *((name, True) for name in PAIRS if "whole" not in name)],
)
def test_a_pair_is_taken_for_what_it_is(name, swapped):
    scores, labels, task, options, rows = PAIRS[name]
    z, y = saved(z=scores, y=labels)
    found = calibrate.inspect(*((y, z) if swapped else (z, y)))
    (taken,) = found.taken
    assert (taken.problem, taken.task, taken.scores, taken.labels) == (None, task, z, y)
    assert found.commands == (f"calibrate fit z.npy y.npy {options}".strip(),)
    dataset = opened_by(found.commands[0])
    assert (dataset.task, dataset.n_rows) == (task, rows)


def test_what_is_said_of_an_array():
    (name,) = saved(z=np.where(np.arange(1500).reshape(300, 5) < 15, np.nan, np.arange(5.0)))
    ((array,),) = [each.arrays for each in calibrate.inspect(name).files]
    assert (array.key, array.shape, array.dtype) == (None, (300, 5), "float64")
    assert (array.low, array.high, array.nan, array.masked) == (0.0, 4.0, 0.01, 0.0)
    labels = calibrate.inspect(*saved(y=np.repeat([7, 2, 2**40], [1, 5, 2]))).files[0].arrays[0]
    assert labels.kind == "class numbers"
    assert [(each.value, each.rows) for each in labels.labels.most] == [
        ("2", 5), (str(2**40), 2), ("7", 1),
    ]  # fmt: skip


@pytest.mark.parametrize("dtype", ["i1", "u1", ">i2", "u8", "f2", "?", "U3"])
def test_values_are_counted_in_any_dtype(dtype):
    ends = {"i1": [-128, 127], ">i2": [-(2**15), 2**15 - 1], "u8": [2**64 - 1, 0]}
    values = np.array(ends.get(dtype, [1, 0]) * 3, dtype)
    counts = calibrate.inspect(*saved(y=values)).files[0].arrays[0].labels
    assert counts.different == 2
    assert [each.rows for each in counts.most] == [3, 3]
    assert {each.value for each in counts.most} == {str(int(v)) for v in values}


def test_one_pass_in_pieces_says_the_same(monkeypatch):
    """Blocks of 400 bytes add up to what one block says."""
    names = saved(z=Z, y=Y, t=np.array(NAMES)[Y], p=P, f=np.asfortranarray(Z), m=np.log(P))
    at_once = [calibrate.inspect(name) for name in names]
    monkeypatch.setattr("calibrate.analyses.inspect.look.BLOCK", 400)
    for one, name in zip(at_once, names, strict=True):
        assert calibrate.inspect(name) == one


NOT_FITTING = [
    (Z, Y[:-1], "y.npy holds 299 labels but z.npy holds 300 rows"),
    (Z, Y + 4, "expected labels from 0 to 4, found 4 to 8"),
    (Z, Y - 2, "expected labels from 0 to 4, found -2 to 2"),
    (Z, np.where(Y == 0, np.nan, Y), "y.npy: expected whole class indices"),
    (np.where(Y[:, None] == 1, np.inf, Z), Y, "found +inf"),
    (Z[:, 0], Y, "found 0 to 4"),
    (Z, np.array([*NAMES, "gnu"])[(Y + np.arange(300)) % 6], "6: cat, dog, emu, fox, gnu"),
    (np.where(np.arange(5) == Y[:, None], -np.inf, Z), Y, "at its own label"),
]


@pytest.mark.parametrize(("scores", "labels", "said"), NOT_FITTING)
def test_what_does_not_fit_is_refused_in_the_words_of_the_commands(scores, labels, said):
    z, y = saved(z=scores, y=labels)
    found = calibrate.inspect(z, y)
    assert found.commands == ()
    with pytest.raises(InputError) as caught:
        calibrate.open_dataset(z, y)
    assert found.taken[0].problem == str(caught.value)
    assert said in str(caught.value)


def as_npz() -> tuple[str, list[str]]:
    np.savez("a.npz", test_out=Z[:99], test_y=Y[:99], val_out=Z, val_y=Y, ids=np.arange(300))
    return "a.npz", ["fit a.npz:test_out a.npz:test_y", "report a.npz:val_out a.npz:val_y"]


def as_pickle() -> tuple[str, list[str]]:
    Path("a.pkl").write_bytes(pickle.dumps(((Z, Y), (Z[:99], Y[:99]))))
    return "a.pkl", ["fit a.pkl:0.0 a.pkl:0.1", "report a.pkl:1.0 a.pkl:1.1"]


def as_csv() -> tuple[str, list[str]]:
    rows = [[*map(str, z), NAMES[y]] for z, y in zip(Z.tolist(), Y, strict=True)]
    text = "\n".join(",".join(row) for row in [[*NAMES, "label"], *rows])
    Path("a b.csv").write_text(f"{text}\n")
    return "a b.csv", ["fit 'a b.csv'"]


def as_json() -> tuple[str, list[str]]:
    rows = [{"id": "x", "logits": z, "label": int(y)} for z, y in zip(Z.tolist(), Y, strict=True)]
    Path("a.jsonl").write_text("\n".join(map(json.dumps, rows)))
    return "a.jsonl", ["fit a.jsonl"]


def as_numbered() -> tuple[str, list[str]]:
    np.savez("n.npz", order=np.arange(300), out=Z, kind=Y)
    return "n.npz", ["fit n.npz:out n.npz:kind"]


def as_features() -> tuple[str, list[str]]:
    np.savez("b.npz", features=RNG.normal(size=(300, 64)), logits=Z, labels=Y)
    return "b.npz", ["fit b.npz"]


@pytest.mark.parametrize("make", [as_npz, as_pickle, as_csv, as_json, as_numbered, as_features])
def test_arrays_of_one_file(make: Callable[[], tuple[str, list[str]]]):
    name, commands = make()
    found = calibrate.inspect(name)
    ends = ["", " -c calibrator.json"]
    assert [*found.commands] == [
        f"calibrate {c}{end}" for c, end in zip(commands, ends, strict=False)
    ]
    for command in found.commands:
        assert opened_by(command).n_classes == 5
    if name == "a b.csv":
        assert found.files[0].class_names == NAMES
        assert "matched to the class names" in found.taken[0].notes[0]


def test_two_models_on_the_same_rows():
    found = calibrate.inspect(*saved(one=Z, two=-Z, y=Y))
    assert found.commands[1] == "calibrate compare one.npy two.npy y.npy"


def test_odd_arrays_are_described():
    said = {}
    for name, array in {
        "empty": np.empty((0, 10)), "single": np.float32(3), "complex": np.zeros((5, 3), complex),
        "fields": np.zeros(5, [("a", "f4"), ("b", "i4")]), "days": np.array(["2020"], "M8[D]"),
    }.items():  # fmt: skip
        found = calibrate.inspect(*saved(**{name: array}))
        said[name] = found.files[0].arrays[0].kind.value
        assert found.commands == ()
        assert found.advice == "Here are neither scores nor labels."
    assert said == {"empty": "no values", "single": "one number", "complex": "no real numbers",
                    "fields": "no real numbers", "days": "no real numbers"}  # fmt: skip


def test_objects_are_named_and_never_made():
    Path("ran.py").write_text("open('RAN', 'w')")
    np.savez("a.npz", logits=Z, labels=np.array([{}, 1], dtype=object))
    found = calibrate.inspect("a.npz")
    assert [bool(each.problem) for each in found.files[0].arrays] == [False, True]
    assert "never unpickled" in found.files[0].arrays[1].problem
    Path("evil.pkl").write_bytes(b"cos\nsystem\n(S'touch RAN'\ntR.")
    assert (
        "os.system, which is neither read nor run" in calibrate.inspect("evil.pkl").files[0].problem
    )
    assert not Path("RAN").exists()


def test_files_that_are_cut():
    np.save("a.npy", Z)
    np.savez("b.npz", logits=Z, labels=Y)
    for name in ("a.npy", "b.npz"):
        Path(name).write_bytes(Path(name).read_bytes()[:3_000])
        found = calibrate.inspect(name)
        assert "truncated" in found.files[0].problem
        assert (found.files[0].arrays, found.commands) == ((), ())


def test_one_damaged_array_of_two():
    np.savez_compressed("a.npz", logits=Z, labels=Y)
    content = bytearray(Path("a.npz").read_bytes())
    content[2_000] ^= 255
    Path("a.npz").write_bytes(content)
    logits, labels = calibrate.inspect("a.npz").files[0].arrays
    assert "damaged" in logits.problem
    assert labels.problem is None
    assert labels.labels.different == 5


HTML = b"<!DOCTYPE html>\n<p>404</p>"
STARTS = {
    "a.png": (b"\x89PNG\r\n\x1a\n", "PNG image", None, "holds no arrays"),
    "a.csv": (b"\x7fELF\x02", "ELF program or library", None, "holds no arrays"),
    "c.csv": (HTML, "table", None, "its first bytes look like text in HTML"),
    "d.npy": (b"PK\x05\x06" + bytes(18), ".npy file", None, "found something else"),
    "e.txt": (b"1 2\n3 4\n", "text, a line per row", None, "write commas"),
    "f.csv": ("a,b\n1,2\n".encode("utf-16"), "table", None, "UTF-16"),
    "g.npy": (b"", ".npy file", None, "found an empty file"),
}


@pytest.mark.parametrize("name", STARTS)
def test_what_the_first_bytes_say(name):
    content, words, suffix, said = STARTS[name]
    Path(name).write_bytes(content)
    found = calibrate.inspect(name)
    assert found.commands == ()
    assert (found.files[0].format, found.files[0].suffix) == (words, suffix)
    assert said in found.files[0].problem


@pytest.mark.parametrize(
    ("name", "right"), [("z", "z.npy"), ("z.dat", "z.dat.npy"), ("z.csv", "z.npy")]
)
def test_a_wrong_suffix(name, right):
    np.save("z.npy", Z)
    Path("z.npy").rename(name)
    found = calibrate.inspect(name)
    assert found.files[0].suffix == ".npy"
    assert found.commands == (f"calibrate fit {right} LABELS",)
    assert f"rename it to {right}" in found.files[0].notes[0]
    if name == "z.csv":  # what is there is never named as what it would be called
        np.save("z.npy", Z)
        assert calibrate.inspect(name).commands == ("calibrate fit z.csv.npy LABELS",)


def test_files_of_ours():
    fitted = calibrate.fit(Z, Y)
    calibrate.save(fitted, "c.json")
    Path("report.json").write_text(to_json(calibrate.evaluate(Z, Y, calibrator=fitted)))
    c, report = calibrate.inspect("c.json", "report.json").files
    assert (c.format, report.format) == (
        "calibrator, written by `calibrate fit`", "report, written by `calibrate report`"
    )  # fmt: skip
    assert c.facts["T"].startswith(f"{fitted.temperature:.4g} [")
    assert (c.facts["rows of the fit"], c.facts["classes"]) == ("300", "5")
    assert report.facts["task"] == "multiclass, 5 classes"
    content = json.loads(Path("c.json").read_text())
    content["parameters"]["temperature"] = -1
    Path("d.json").write_text(json.dumps(content))
    Path("e.json").write_text(Path("c.json").read_text()[:200])
    Path("f.json").write_text('{"schema": "calibrate.report/9"}')
    d, e, f = calibrate.inspect("d.json", "e.json", "f.json").files
    assert "positive" in d.problem
    assert "truncated" in e.problem
    assert "'calibrate.report/9', which this version does not know" in f.format


def test_predictions():
    right = zip(Y, P.argmax(1), P.max(1), strict=True)
    lines = [f"{y},{p},{c:.4f}" for y, p, c in right]
    Path("p.csv").write_text("\n".join(["true_label,pred_label,confidence", *lines]))
    found = calibrate.inspect("p.csv")
    assert found.commands == ("calibrate report p.csv",)
    assert (found.taken[0].task, found.taken[0].rows) == ("top-label", 300)
    assert found.files[0].arrays[0].labels.different == 5


def test_confidences_in_answers():
    Path("q.csv").write_text("id,confidence,correct\nx,0.5,1\ny,0.9,0\nz,0.7,1\n")
    (taken,) = calibrate.inspect("q.csv").taken
    assert (taken.scores, taken.labels, taken.task, taken.rows) == (
        "q.csv:confidence", "q.csv:correct", "confidence", 3
    )  # fmt: skip


@pytest.mark.parametrize("name", ["none.npy", "empty", "none", "a.npy:", "r.dat"])
def test_nothing_can_be_told(name):
    Path("empty").mkdir()
    Path("r.dat").write_bytes(bytes(range(256)))
    with pytest.raises(InputError):
        calibrate.inspect(name)
    np.save("z.npy", Z)
    assert calibrate.inspect("z.npy", name).files[1].format is None


def test_samples_are_taken_for_what_they_are():
    for folder, task in {
        "langid": "multiclass",
        "digits": "multilabel",
        "breast": "binary",
    }.items():
        names = (f"{SAMPLES}/{folder}/val_{what}.npy" for what in ("logits", "labels"))
        (taken,) = calibrate.inspect(*names).taken
        assert (taken.task, taken.problem) == (task, None)
    advice = calibrate.inspect(f"{SAMPLES}/langid/classes.txt").advice or ""
    assert "--class-names" in advice


def test_odd_inputs_end_in_a_result_whose_command_works():
    """Of 100 files of the fuzzer."""
    fitting = 0
    for number in range(100):
        rng = np.random.default_rng((7, number))
        case, rows = Case([]), Rows.of(rng)
        names = arrays(rng, case, rows)
        case.files["c.json"] = calibrator(rng, rows)
        for name, content in case.files.items():
            Path(name).write_bytes(content)
        found = calibrate.inspect(*names, "c.json")
        Path("r.json").write_text(to_json(found))
        assert read_result(Inspection, "r.json") == found
        fits = [each for each in found.commands if "fit" in each and "LABELS" not in each]
        for command in fits:
            assert not refusal(command), (number, command)
            fitting += 1
    assert fitting > 33


def test_a_zip_archive_of_something_else():
    with zipfile.ZipFile("plain.zip", "w") as archive:
        archive.writestr("a.txt", "x")
    assert calibrate.inspect("plain.zip").files[0].format == "zip archive"
