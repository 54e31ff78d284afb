"""Several files read as one: what the concatenated file gives, or one line that names the file."""

from __future__ import annotations

import gzip
import json
import os
import pickle
import resource
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import saved
from conftest import ROOT, gumbel_labels, refused

import calibrate
from calibrate.data.decoded import Again
from calibrate.data.file_span import OPEN
from calibrate.data.readers import several
from calibrate.data.readers.open import open_column
from calibrate.data.readers.several import Several, stem_of

NAMES = ["ant", "bee", "cat", "sea lion"]
ENDS = [0, 700, 701, 1500, 1503, 1700, 1900, 1950, 2000, 2300, 2400, 2600, 3000]  # of 12 pieces


@pytest.fixture
def rows(tmp_path: Path, monkeypatch) -> tuple[np.ndarray, np.ndarray]:
    """3,000 rows of 4 classes; ``z.npy`` and ``y.npy`` in the working folder."""
    rng = np.random.default_rng(11)
    z = rng.normal(scale=3, size=(3000, 4)).astype(np.float32)
    y = gumbel_labels(z, 2.0, rng)
    monkeypatch.chdir(tmp_path)
    np.save("z.npy", z)
    np.save("y.npy", y)
    return z, y


def cut(array: np.ndarray, ends: list[int] = ENDS) -> list[np.ndarray]:
    return [array[start:stop] for start, stop in pairwise(ends)]


def save_pieces(name: str, array: np.ndarray, ends: list[int] = ENDS) -> None:
    for i, part in enumerate(cut(array, ends)):
        Path(name.format(i)).parent.mkdir(exist_ok=True)
        np.save(name.format(i), part)


def csv_of(z: np.ndarray, y: np.ndarray, names: list[str] = NAMES) -> bytes:
    lines = [",".join([*map(repr, row), NAMES[i]]) for row, i in zip(z.tolist(), y, strict=True)]
    return "\n".join([",".join([*names, "label"]), *lines, ""]).encode()


def save_both(kind: str, z: np.ndarray, y: np.ndarray, where: str) -> None:
    """A file that holds logits and labels."""
    path = Path(where)
    match kind:
        case "npz":
            np.savez(path, logits=z, labels=y)
        case "npz compressed":
            np.savez_compressed(path, logits=z, labels=y)
        case "pt":
            path.write_bytes(saved.pt(logits=z, labels=y))
        case "safetensors":
            path.write_bytes(saved.safetensors(logits=z, labels=y))
        case "pkl":
            path.write_bytes(pickle.dumps({"logits": z, "labels": y}))
        case "csv":
            path.write_bytes(csv_of(z, y))
        case "csv.gz":
            path.write_bytes(gzip.compress(csv_of(z, y)))
        case "jsonl":
            both = zip(z.tolist(), y, strict=True)
            path.write_text(
                "".join(json.dumps({"logits": a, "label": NAMES[i]}) + "\n" for a, i in both)
            )


def bits(dataset: calibrate.Dataset) -> tuple[object, ...]:
    """What is computed from rows, without their names."""
    fit = calibrate.fit(dataset)
    report = calibrate.evaluate(
        dataset, calibrator=fit.calibrator, settings=calibrate.Settings(bootstrap=50)
    )
    return (
        fit,
        report.metrics,
        report.tests,
        report.classes,
        report.data.fingerprint,
        report.reliability,
    )


def test_the_figures_of_pieces_are_those_of_one_file(rows):
    z, y = rows
    save_pieces("logits-{}.npy", z)
    save_pieces("labels-{}.npy", y)
    for workers in (1, 3):
        with calibrate.running(workers=workers):
            whole = bits(calibrate.open_dataset("z.npy", "y.npy"))
            assert bits(calibrate.open_dataset("logits-*.npy", "labels-*.npy")) == whole
    flat = ",".join(f"logits-{i}.npy" for i in range(12))
    assert bits(calibrate.open_dataset(flat, "y.npy")) == whole  # in an order that is said


KINDS = ["npz", "npz compressed", "pt", "safetensors", "pkl", "csv", "csv.gz", "jsonl"]


@pytest.mark.parametrize("kind", KINDS)
def test_every_format(kind, rows):
    z, y = rows
    Path("shards").mkdir()
    suffix = kind.split()[0]
    for i, (part, labels) in enumerate(zip(cut(z), cut(y), strict=True)):
        save_both(kind, part, labels, f"shards/part-{i}.{suffix}")
    if suffix in ("csv", "csv.gz", "jsonl"):
        z = z.astype(np.float64)
    for name in (f"shards/part-*.{suffix}", "shards", "shards/"):
        dataset = calibrate.open_dataset(name)
        again = pickle.loads(pickle.dumps(dataset))
        assert len(pickle.dumps(dataset)) < 40_000
        for each in (dataset, again):
            block = each.read(690, 1510)
            np.testing.assert_array_equal(block.logits, z[690:1510], strict=True)
            np.testing.assert_array_equal(block.labels, y[690:1510])
        in_place = kind in ("npz", "pt", "safetensors")
        decoded = isinstance(getattr(dataset.logits.read, "__self__", None), Again)
        assert decoded is not in_place
    keyed = open_column(f"shards/*.{suffix}:logits", "logits")
    np.testing.assert_array_equal(keyed.read(0, 3000), z)
    assert dataset.class_names == (
        tuple(NAMES) if suffix in ("csv", "csv.gz") else dataset.class_names
    )


@pytest.mark.parametrize("dtype", ["<f4", ">f8", "<i2", "?", "<U3", "S2"])
@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("shape", [(40,), (40, 5), (40, 3, 2)])
def test_ranges_and_rows(tmp_path, dtype, order, shape):
    array = np.random.default_rng(0).integers(0, 90, shape).astype(dtype)
    for i, part in enumerate(cut(array, [0, 7, 8, 21, 40])):
        np.save(tmp_path / f"{i}.npy", np.asarray(part, order=order))
    column = open_column(f"{tmp_path}/*.npy", "labels")
    assert (column.shape, column.dtype.newbyteorder("=")) == (
        array.shape,
        array.dtype.newbyteorder("="),
    )
    for each in (column, pickle.loads(pickle.dumps(column))):
        for start in range(40):
            for stop in (start, start + 1, 8, 21, 40, 50):
                found = each.read(start, stop)
                np.testing.assert_array_equal(found, array[start:stop])
                assert found.flags.c_contiguous
        for some in ([0], [39], [6, 7, 8], [1, 20, 21, 39], range(40), range(1, 40, 3), []):
            index = np.array(list(some), dtype=np.intp)
            np.testing.assert_array_equal(each.take(index), array[index])


def test_natural_order(rows):
    z, _ = rows
    save_pieces("logits-{}.npy", z)
    column = open_column("logits-*.npy", "logits")
    assert [column.parts[i].name for i in (2, 10)] == ["logits-2.npy", "logits-10.npy"]
    note = "logits-*.npy: 12 files, logits-0.npy to logits-11.npy, in natural order"
    assert column.notes == (note,)
    given = open_column("logits-10.npy,logits-2.npy", "logits")
    np.testing.assert_array_equal(
        given.read(0, 150), np.concatenate([z[2400:2600], z[701:1500]])[:150]
    )
    assert given.notes[0].endswith("2 files, logits-10.npy to logits-2.npy, in the order given")


def test_what_is_said_of_the_choice(rows):
    z, _ = rows
    Path("in").mkdir()
    for i in (1, 2, 5):
        np.save(f"in/z-{i}.npy", z[:10])
    Path("in/README.md").touch()
    Path("in/.hidden.npy").touch()
    Path("in/z.calibrated.npy").touch()
    (note,) = open_column("in", "logits").notes
    assert note == (
        "in: 3 files, z-1.npy to z-5.npy, in natural order; left out README.md; "
        "left out in/z.calibrated.npy, of `calibrate apply`"
    )


def test_values_are_widened_where_nothing_is_lost(rows):
    z, y = rows
    np.save("a-0.npy", z[:10].astype(np.float16))
    np.save("a-1.npy", z[10:30])
    np.save("b-0.npy", y[:10].astype(np.int8))
    np.save("b-1.npy", y[10:30])
    np.savez_compressed("c-0.npz", logits=z[:10].astype(np.float16))
    np.savez_compressed("c-1.npz", logits=z[10:30])
    want = np.concatenate([z[:10].astype(np.float16), z[10:30]])
    for name in ("a-*.npy", "c-*.npz"):
        column = open_column(name, "logits")
        np.testing.assert_array_equal(column.read(0, 30), want, strict=True)
        assert column.notes[1] == f"{name}: pieces of float16 and float32 are read as float32"
    labels = open_column("b-*.npy", "labels")
    np.testing.assert_array_equal(labels.read(5, 30), y[5:30], strict=True)
    np.savez_compressed("c-1.npz", logits=z[10:30].astype(np.int64))
    with pytest.raises(
        calibrate.InputError, match=r"c-1\.npz: expected float16, as in c-0\.npz, found int64"
    ):
        open_column("c-*.npz", "logits")


def test_texts(rows):
    z, y = rows
    save_pieces("z/{}.npy", z)
    Path("y").mkdir()
    for i, part in enumerate(cut(y)):
        Path(f"y/{i}.txt").write_text("".join(f"{NAMES[k]}\n" for k in part))
    reading = calibrate.Reading(class_names=NAMES)
    dataset = calibrate.open_dataset("z/", "y/", reading=reading)
    np.testing.assert_array_equal(dataset.read(0, 3000).labels, y)


def test_weights_and_clusters_are_paired_too(rows):
    z, y = rows
    save_pieces("logits-{}.npy", z)
    save_pieces("labels-{}.npy", y)
    save_pieces("weights-{}.npy", np.arange(1, 3001.0))
    save_pieces("docs-{}.npy", np.arange(3000) // 2)
    names = "logits-*.npy", "labels-*.npy"
    dataset = calibrate.open_dataset(*names, weights="weights-*.npy", clusters="docs-*.npy")
    np.testing.assert_array_equal(dataset.weight, np.arange(1, 3001.0))
    assert dataset.n_units == 1500
    os.rename("weights-3.npy", "weights-33.npy")
    with pytest.raises(
        calibrate.InputError, match=r"weights-4\.npy comes where logits-3\.npy does"
    ):
        calibrate.open_dataset(*names, weights="weights-*.npy")


def test_rows_of_leading_axes_have_weights_of_their_own(rows):
    z, y = rows
    ends = [0, 100, 300, 750]
    save_pieces("logits-{}.npy", z.reshape(750, 4, 4), ends)
    save_pieces("labels-{}.npy", y.reshape(750, 4), ends)
    save_pieces("weights-{}.npy", np.arange(1, 3001.0), [4 * end for end in ends])
    names = "logits-*.npy", "labels-*.npy"
    dataset = calibrate.open_dataset(*names, weights="weights-*.npy")
    np.testing.assert_array_equal(dataset.weight, np.arange(1, 3001.0))
    save_pieces("weights-{}.npy", np.arange(1, 3001.0), [0, 401, 1200, 3000])
    with pytest.raises(
        calibrate.InputError, match=r"weights-0\.npy holds 401 rows but logits-0\.npy holds 100"
    ):
        calibrate.open_dataset(*names, weights="weights-*.npy")


def test_a_file_of_this_very_name_is_meant_first(rows):
    z, _ = rows
    Path("b[1]").mkdir()
    for name in ("a,b.npy", "c*.npy", "logits[1].npy", "b[1]/d?.npy"):
        np.save(name, z[:50])
    np.save("logits1.npy", z[50:])
    np.save("cc.npy", z[50:])
    for name in ("a,b.npy", "c*.npy", "logits[1].npy", "b[1]/d?.npy"):
        assert Several.of(name) is None
        assert open_column(name, "logits").shape == (50, 4)
    np.save("b[1]/e1.npy", z[:20])  # in a folder whose name is like a pattern
    np.save("b[1]/e2.npy", z[20:50])
    np.testing.assert_array_equal(open_column("b[1]/e*.npy", "logits").read(0, 50), z[:50])


REFUSED = {
    "widths": ("w-*.npy", None, "w-1.npy: expected 4 values per row, as in w-0.npy, found 3"),
    "an empty piece": ("e-*.npy", None, "e-1.npy: expected at least one row, found float32 of"),
    "a damaged piece": ("t-*.npy", None, "t-1.npy: truncated"),
    "a link to nowhere": ("l-*.npy", None, "l-1.npy: cannot be read: No such file"),
    "a folder in the pattern": ("f-*.npy", None, "f-1.npy: expected a file of logits, found a dir"),
    "one file twice": ("d-*.npy", None, "d-1.npy: is the same file as d-0.npy"),
    "one name twice": ("a-0.npy,a-0.npy", None, "a-0.npy: is the same file as a-0.npy"),
    "a hard link": ("h-*.npy", None, "h-1.npy: is the same file as h-0.npy"),
    "no match": ("no-*.npy", None, "no-*.npy: no such file, nor files of this pattern"),
    "no folder": ("no/z-*.npy", None, "nor files of this pattern; the folder"),
    "no part": ("a-0.npy,a-9.npy", None, "no such file, and the file 'a-9.npy' of this list"),
    "an empty part": ("a-0.npy,,a-1.npy", None, "a name is empty in this list"),
    "two kinds": ("mixed", None, "mixed: expected files of one suffix, found .np"),
    "no kind": ("none", None, "none: expected a file, or a folder of pieces, found a directory"),
    "logits and labels": ("*-0.npy", None, "seem to hold different things, not pieces"),
    "headers": ("c-*.csv", None, "c-1.csv: expected the columns of c-0.csv, ant, bee, cat"),
    "keys": ("k-*.npz", None, "k-1.npz: expected the array 'q', as in k-0.npz, found 'r'"),
    "no labels": ("n-*.npz", None, "n-1.npz: `labels` is missing and no array 'labels' was found"),
    "one file of labels": ("a-*.npy", "y.npy", "y.npy is one file, a-*.npy are 2: which rows"),
    "one file of logits": ("z.npy", "labels-*.npy", "z.npy is one file, labels-*.npy are 2: which"),
    "other counts": ("a-*.npy", "short-*.npy", "short-1.npy holds 19 rows but a-1.npy holds 20"),
    "more files": ("a-*.npy", "[ly]*-1.npy,y-2.npy", "no such file, and the file '[ly]*-1.npy'"),
    "a missing piece": ("g-*.npy", "labels-*.npy", "without a partner: g-2.npy"),
    "other numbers": ("a-*.npy", "y-*.npy", "y-1.npy comes where a-0.npy does"),
    "another order": ("a-*.npy", "labels-1.npy,labels-0.npy", "labels-1.npy comes where a-0.npy"),
    "a bad value": ("v-*.npy", "labels-*.npy", "found NaN at row 13 (row 3 of v-1.npy), column 2"),
    "a bad label": ("a-*.npy", "bad-*.npy", "(row 4 of bad-1.npy)"),
}  # fmt: skip


@pytest.mark.parametrize("what", REFUSED)
def test_what_is_no_array_in_pieces(what, rows):
    z, y = rows
    for name in ("a", "e", "t", "l", "f", "d", "w", "v", "g"):
        save_pieces(f"{name}-{{}}.npy", z[:30], [0, 10, 30])
    save_pieces("labels-{}.npy", y[:30], [0, 10, 30])
    save_pieces("short-{}.npy", y[:29], [0, 10, 29])
    np.save("g-2.npy", z[:10])
    for folder in ("mixed", "none"):
        Path(folder).mkdir()
    np.save("mixed/a.npy", z)
    np.savez("mixed/b.npz", z)
    np.save("e-1.npy", z[:0])
    Path("t-1.npy").write_bytes(Path("t-1.npy").read_bytes()[:-9])
    for name in ("l-1.npy", "f-1.npy", "d-1.npy"):
        os.unlink(name)
    os.symlink("nowhere", "l-1.npy")
    Path("f-1.npy").mkdir()
    os.symlink("d-0.npy", "d-1.npy")
    os.link("a-1.npy", "h-0.npy")
    os.link("a-1.npy", "h-1.npy")
    np.save("w-1.npy", z[:20, :3])
    Path("c-0.csv").write_bytes(csv_of(z[:9], y[:9]))
    Path("c-1.csv").write_bytes(csv_of(z[:9], y[:9], [*NAMES[::-1]]))
    np.savez("k-0.npz", q=z[:10])
    np.savez("k-1.npz", r=z[:10])
    np.savez("n-0.npz", logits=z[:10], labels=y[:10])
    np.savez("n-1.npz", logits=z[:10])
    save_pieces("y-{}.npy", y[:30], [0, 10, 30])
    os.rename("y-0.npy", "y-2.npy")
    broken = z[:30].copy()
    broken[13, 2] = np.nan
    save_pieces("v-{}.npy", broken, [0, 10, 30])
    broken = y[:30].astype(np.float64)
    broken[14] = np.nan
    save_pieces("bad-{}.npy", broken, [0, 10, 30])
    logits, labels, said = REFUSED[what]
    with pytest.raises(calibrate.InputError) as error:
        calibrate.open_dataset(logits, labels)
    assert said in str(error.value)


def test_lists_are_paired_by_hand(rows):
    z, y = rows
    save_pieces("a-{}.npy", z[:30], [0, 10, 30])
    np.save("tom.npy", y[:10])
    np.save("jerry.npy", y[10:30])
    dataset = calibrate.open_dataset("a-0.npy,a-1.npy", "tom.npy, jerry.npy")
    np.testing.assert_array_equal(dataset.read(0, 30).labels, y[:30])
    with pytest.raises(calibrate.InputError, match="name the files of both one by one with commas"):
        calibrate.open_dataset("a-*.npy", "tom.npy,jerry.npy")


def test_one_file_with_several_arrays(rows):
    z, y = rows
    sets = ((z[:10], y[:10]), (z[10:30], y[10:30]))
    Path("sets.pkl").write_bytes(pickle.dumps(sets))
    dataset = calibrate.open_dataset("sets.pkl:0.0,sets.pkl:1.0", "sets.pkl:0.1,sets.pkl:1.1")
    np.testing.assert_array_equal(dataset.read(0, 30).logits, z[:30])
    np.testing.assert_array_equal(dataset.read(0, 30).labels, y[:30])


@pytest.mark.parametrize("how", ["written to", "replaced", "gone", "a pipe"])
@pytest.mark.parametrize("sent", [False, True])
def test_a_piece_that_changes_while_it_is_closed(how, sent, rows):
    z, _ = rows
    save_pieces("z-{}.npy", z[:200], list(range(0, 201, 2)))
    column = open_column("z-*.npy", "logits")
    assert len(column.parts) > 2 * OPEN
    if sent:
        column = pickle.loads(pickle.dumps(column))
    else:
        column.read(0, 200)  # so that the first ones are closed again
    match how:
        case "written to":
            np.save("z-0.npy", z[2:4])
            os.utime("z-0.npy", ns=(0, 1))
        case "replaced":
            np.save("new.npy", z[2:4])
            os.utime("new.npy", ns=(0, 1))
            os.replace("new.npy", "z-0.npy")
        case "gone":
            os.unlink("z-0.npy")
        case "a pipe":
            os.unlink("z-0.npy")
            os.mkfifo("z-0.npy")
    with pytest.raises(calibrate.InputError, match=r"z-0\.npy: (changed while|cannot be read)"):
        column.read(0, 3)
    np.testing.assert_array_equal(column.read(2, 200), z[2:200])


def test_decoded_pieces_are_known_again_elsewhere(rows):
    z, y = rows
    for i in range(2):
        Path(f"c-{i}.csv").write_bytes(csv_of(z[10 * i : 10 * i + 10], y[10 * i : 10 * i + 10]))
    sent = pickle.dumps(open_column("c-*.csv", "logits"))
    np.testing.assert_array_equal(pickle.loads(sent).read(0, 20), z[:20])
    Path("c-1.csv").write_bytes(csv_of(z[:10], y[:10]) + b"\n")
    with pytest.raises(calibrate.InputError, match=r"c-1\.csv: changed while it was read"):
        pickle.loads(sent).read(0, 20)


THOUSAND = """
import resource, sys
resource.setrlimit(resource.RLIMIT_NOFILE, (256, 256))
import calibrate
rows = calibrate.open_dataset("logits/", "labels/", weights="weights/")
with calibrate.running(workers=8):
    print(calibrate.fit(rows).temperature.hex())
"""


@pytest.mark.parametrize(("kind", "each"), [("npy", 3), ("pt", 10)])
def test_a_thousand_files_where_few_may_be_open(kind, each, rows):
    z, y = rows
    given = {"logits": z, "labels": y, "weights": np.ones(3000)}
    for name, array in given.items():
        Path(name).mkdir()
        for i, part in enumerate(cut(array, list(range(0, 3001, each)))):
            if kind == "npy":
                np.save(f"{name}/{i}.npy", part)
            else:
                Path(f"{name}/{i}.pt").write_bytes(saved.pt(tree=part.copy()))
    done = subprocess.run(
        [sys.executable, "-c", THOUSAND],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    whole = calibrate.open_dataset("z.npy", "y.npy", weights=None)
    assert done.stdout.strip() == calibrate.fit(whole).temperature.hex()


MEMORY = """
import resource, sys
import calibrate
from calibrate.data.readers.open import open_column
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
column = open_column(sys.argv[1], "logits")
for start in range(0, column.shape[0], 500):
    column.read(start, start + 500)
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""


@pytest.mark.parametrize("name", ["big-*.npy", "big-*.npz"])
def test_memory_does_not_grow_with_the_files(name, monkeypatch, tmp_path):
    """Of 320 MB, compressed or not; one file of 8 MB, and what is kept before a file is made."""
    monkeypatch.chdir(tmp_path)
    part = np.random.default_rng(0).integers(0, 9, (2000, 1000)).astype(np.float32)
    for i in range(40):
        if name.endswith("npy"):
            np.save(f"big-{i}.npy", part)
        elif i == 0:
            np.savez_compressed("big-0.npz", logits=part)
            content = Path("big-0.npz").read_bytes()
        else:
            Path(f"big-{i}.npz").write_bytes(content)
    done = subprocess.run(
        [sys.executable, "-c", MEMORY, name],
        env={**os.environ, "PYTHONPATH": str(ROOT), "CALIBRATE_SPOOL": os.getcwd()},
        capture_output=True,
        text=True,
        check=True,
    )
    assert int(done.stdout) * resource.getpagesize() / 4096 < 120_000  # KiB


def test_names_of_outputs(rows, monkeypatch):
    z, _ = rows
    save_pieces("in/logits_rank{}.npy", z[:30], [0, 10, 30])
    save_pieces("logits_rank{}.npy", z[:30], [0, 10, 30])
    stems = {
        "in/logits_rank*.npy": "in/logits_rank",
        "in/*.npy": "in",
        "in/": "in",
        "in": "in",
        "*.npy": "pieces",
        "logits_rank0.npy,logits_rank1.npy": "logits_rank",
        "in/logits_rank0.npy,in/logits_rank1.npy": "in/logits_rank",
        "z.npy": "z",
        "z.npz:key": "z",
    }
    monkeypatch.setattr(several, "KINDS", ())
    assert {name: stem_of(name) for name in stems} == stems


def test_a_run_again_does_not_take_what_the_first_wrote(run, rows):
    save_pieces("logits{}.npy", rows[0])
    for verb in ("wrote", "replaced"):
        done = run("apply", "logits*.npy", "--temperature", 2)
        assert done.returncode == 0, done.stderr
        assert f"{verb} logits.calibrated.npy" in done.stderr
        assert "float32 of shape (3000, 4)" in done.stderr
    assert "left out logits.calibrated.npy, of `calibrate apply`" in done.stderr
    one = np.load("logits.calibrated.npy")
    assert run("apply", "z.npy", "--temperature", 2).returncode == 0
    np.testing.assert_array_equal(one, np.load("z.calibrated.npy"), strict=True)


@pytest.mark.parametrize("link", [False, True])
def test_no_piece_is_written_to(link, run, rows):
    save_pieces("logits-{}.npy", rows[0])
    target = "logits-7.npy"
    if link:
        os.link("logits-7.npy", "other.npy")
        target = "other.npy"
    before = Path("logits-7.npy").read_bytes()
    done = run("apply", "logits-*.npy", "--temperature", 2, "-o", target)
    assert done.returncode == 2
    assert "is an input or another output" in done.stderr
    assert Path("logits-7.npy").read_bytes() == before


def test_the_command(run, rows):
    z, y = rows
    save_pieces("logits-{}.npy", z)
    save_pieces("labels-{}.npy", y)
    save_pieces("site-{}.npy", np.arange(3000) % 3)
    files = "logits-*.npy", "labels-*.npy"
    done = run("report", *files, "--groups", "site-*.npy", "--bootstrap", 0, "--format", "json")
    assert done.returncode == 0, done.stderr
    assert "logits-*.npy: 12 files, logits-0.npy to logits-11.npy, in natural order" in done.stderr
    assert json.loads(done.stdout)["groups"]
    np.save("site.npy", np.arange(3000) % 3)
    done = run("report", *files, "--groups", "site.npy", "--bootstrap", 0)
    refused(done, "calibrate: site.npy is one file, logits-*.npy are 12: which rows")
    assert run("compare", "logits-*.npy", "z.npy", "labels-*.npy").returncode == 2


def test_several_files_of_predictions(run, tmp_path):
    for i in range(2):
        Path(tmp_path, f"p-{i}.csv").write_text("true_label,pred_label,confidence\n1,1,0.9\n")
    done = run("report", "p-*.csv")
    refused(
        done, "calibrate: p-*.csv: expected one file of predictions, found 2; join them to one\n"
    )
