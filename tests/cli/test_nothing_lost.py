"""Inputs survive, outputs are whole, and what happens to either is said; through real processes."""

from __future__ import annotations

import fcntl
import json
import os
import resource
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from conftest import Run, contents, fresh, refused

NAMES = "\n".join("abcdefg")
TAKEN = "is an input or another output; choose another name\n"


@pytest.mark.parametrize(
    "arguments",
    [
        "fit a.npz:logits y.npy -o a.npz",
        "fit z.npy a.npz:labels -o a.npz",
        "fit a.npz -o a.npz",
        "fit z.npy y.npy -o hard.npy",
        "fit z.npy y.npy -o soft.npy",
        "fit z.npy y.npy --weights w.npy -o w.npy",
        "fit z.npy y.npy --cluster ids.csv:id -o ids.csv",
        "fit z.npy y.npy -o same.svg --figure same.svg",
        "apply a.npz:logits -c c.json -o a.npz",
        "apply z.npy -c c.json -o c.json",
        "apply z.npy --temperature 2 -o hard.npy",
        "report z.npy y.npy -c R/report.json -o R",
        "report z.npy y.npy --class-names R/report.md -o R",
        "report z.npy y.npy --class-names n.svg --plots reliability.svg -o R",
        "report z.npy y.npy --groups g.txt --plots classes.svg -o R",
        "report p.csv -o R",
        "compare z.npy C/compare.json.npy y.npy -o C",
        "thresholds z.npy y.npy --task multiclass --class-names n.svg -o n.svg",
        "targets labels y.npy --n-classes 7 --smoothing w.npy -o w.npy",
        "targets teacher z.npy --labels y.npy --temperature 2 -o y.npy",
        "clusters z.npy y.npy --classes 0,1,2 --class-names n.svg -o n.svg",
    ],
)
def test_an_input_is_never_an_output(arguments, run, files, data, tmp_path):
    z, y = data
    (tmp_path / "c.json").write_bytes(b"")
    assert run("fit", *files, "-o", "c.json").returncode == 0
    np.savez(tmp_path / "a.npz", logits=z, labels=y)
    np.save(tmp_path / "w.npy", np.linspace(0.1, 0.5, 400))
    for name in ("n.svg", "g.txt", "R/report.md"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(NAMES)
    (tmp_path / "g.txt").write_text("\n".join(str(i % 3) for i in range(400)))
    (tmp_path / "ids.csv").write_text("id\n" + "\n".join(str(i % 50) for i in range(400)))
    (tmp_path / "p.csv").write_text("true_label,pred_label,confidence\n1,1,0.5\n2,1,0.7\n" * 9)
    (tmp_path / "R/report.json").write_bytes((tmp_path / "c.json").read_bytes())
    (tmp_path / "C").mkdir()
    for old, new in (
        ("z.npy", "hard.npy"),
        ("n.svg", "R/reliability.svg"),
        ("g.txt", "R/classes.svg"),
        ("p.csv", "R/reliability.png"),
        ("z.npy", "C/compare.json"),
        ("z.npy", "C/compare.json.npy"),
    ):
        os.link(tmp_path / old, tmp_path / new)
    (tmp_path / "soft.npy").symlink_to("y.npy")
    before = contents(tmp_path)
    refused(run(*arguments.split()), TAKEN)
    assert contents(tmp_path) == before


def test_devices_may_be_both(run, files):
    assert run("fit", *files, "-o", "/dev/null").returncode == 0


@pytest.mark.parametrize(
    "arguments",
    [
        "fit z.npy y.npy --figure f.png",
        "report z.npy y.npy --plots temperature --bootstrap 0",
        "compare z.npy z.npy y.npy --name a --name b",
        "thresholds p.npy b.npy --scores probabilities",
        "targets labels y.npy --n-classes 7 --smoothing 0.1",
        "targets teacher z.npy --sweep 1,2",
        "clusters z.npy y.npy --classes 0,1,2",
    ],
)
@pytest.mark.usefixtures("files")
def test_what_cannot_be_printed_writes_nothing(arguments, data, tmp_path):
    np.save(tmp_path / "b.npy", (data[1] > 2).astype(int))
    np.save(tmp_path / "p.npy", np.random.default_rng(0).random(400))
    before = contents(tmp_path)
    with open("/dev/full", "w") as full:
        done = fresh(tmp_path, *arguments.split(), stdout=full, stderr=subprocess.PIPE)
        _, stderr = done.communicate(timeout=120)
    assert done.returncode == 2
    assert stderr.endswith("calibrate: output: No space left on device\n")
    assert "wrote" not in stderr
    assert contents(tmp_path) == before
    assert all(path.is_file() for path in tmp_path.iterdir())


@pytest.mark.usefixtures("files")
def test_a_disk_that_fills_leaves_no_half_of_a_report(tmp_path):
    """The JSON and the Markdown would fit, the picture does not."""

    def fill() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (150_000, 150_000))

    before = contents(tmp_path)
    report = "report z.npy y.npy -o R --bootstrap 0 --plots reliability --dpi 600"
    process = fresh(tmp_path, *report.split(), stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                    preexec_fn=fill)  # fmt: skip
    stdout, stderr = process.communicate(timeout=120)
    refused(
        subprocess.CompletedProcess([], process.returncode, stdout, stderr),
        "R/reliability.png: cannot be written: File too large\n",
    )
    assert contents(tmp_path) == before
    assert not (tmp_path / "R").exists()


def test_pictures_of_an_earlier_run_do_not_stay(run, files, tmp_path):
    run("report", *files, "-o", "R", "--bootstrap", 0, "--plots", "all")
    (tmp_path / "R/notes.png").write_bytes(b"mine")
    (tmp_path / "R/temperature.png").unlink()
    done = run("report", *files, "-o", "R", "--plots", "temperature,risk-coverage", "--fit")
    assert done.returncode == 0
    assert {path.name for path in (tmp_path / "R").iterdir()} == {
        "report.json", "report.md", "report.html", "temperature.png", "risk-coverage.png",
        "notes.png",
    }  # fmt: skip
    *_, wrote, replaced, removed = done.stderr.splitlines()
    assert wrote == "wrote R/temperature.png"
    assert replaced == "replaced R/ (4 files)"
    assert removed == (
        "removed R/reliability.png, R/reliability-smooth.png, R/reliability-corp.png, "
        "R/classes.png, of an earlier run"
    )


def test_files_of_others_stay_whatever_their_names(run, files, tmp_path):
    (tmp_path / "R").mkdir()
    for name in ("classes.png", "temperature.png"):
        (tmp_path / "R" / name).write_bytes(b"mine")
    done = run("report", *files, "-o", "R", "--plots", "risk-coverage", "--bootstrap", 0)
    assert done.returncode == 0
    assert (tmp_path / "R/classes.png").read_bytes() == b"mine"
    assert "removed" not in done.stderr


def test_what_is_replaced_is_said(run, files, tmp_path):
    def last() -> str:
        return run("fit", *files).stderr.splitlines()[-1]

    assert last() == "wrote calibrator.json"
    saved = json.loads((tmp_path / "calibrator.json").read_text())
    old = saved["parameters"]["temperature"]
    assert last() == f"replaced calibrator.json, T = {old:.3g}"
    saved["parameters"]["temperature"] = 7.25
    (tmp_path / "calibrator.json").write_text(json.dumps(saved))
    assert last() == "replaced calibrator.json, T = 7.25"
    for other in ("{}", "[1]", "no JSON", '{"parameters": {"temperature": 3}}'):
        (tmp_path / "calibrator.json").write_text(other)
        assert last() == "replaced calibrator.json"
    first, second = (run("apply", "z.npy", "--temperature", 2).stderr for _ in range(2))
    assert first == "wrote z.calibrated.npy: probabilities, float32 of shape (400, 7)\n"
    assert second == first.replace("wrote", "replaced")


@pytest.mark.parametrize("name", ["out.json", "R.png", "a.md", "x.NPY"])
@pytest.mark.parametrize("command", ["report z.npy y.npy", "compare z.npy z.npy y.npy"])
@pytest.mark.usefixtures("files")
def test_the_name_of_a_file_is_no_folder(command, name, run, tmp_path):
    before = contents(tmp_path)
    done = run(*command.split(), *(["--name", "a", "--name", "b"] * ("compare" in command)),
               "-o", name)  # fmt: skip
    refused(done, f"{name}: expected the name of a folder to write")
    assert contents(tmp_path) == before
    assert not (tmp_path / name).exists()


def test_a_folder_may_have_a_dot_in_its_name(run, files, tmp_path):
    (tmp_path / "there.json").mkdir()
    for name in ("model.v1.2", "there.json"):
        done = run("report", *files, "-o", name, "--plots", "classes", "--bootstrap", 0)
        assert done.returncode == 0
        assert (tmp_path / name / "report.json").exists()


@contextmanager
def stuck(
    folder: Path, **more: object
) -> Iterator[tuple[subprocess.Popen[str], Callable[[], None]]]:
    """A fit that has written, but not yet placed, its file, and cannot print; and how to let it."""
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    try:
        while True:
            os.write(writer, bytes(4096))
    except BlockingIOError:
        os.set_blocking(writer, True)
    before = parts(folder)
    process = fresh(folder, "fit", "z.npy", "y.npy", "-o", "c.json", stdout=writer,
                    stderr=subprocess.PIPE, **more)  # fmt: skip
    os.close(writer)
    try:
        for _ in range(6000):
            if parts(folder) - before:
                break
            time.sleep(0.01)
        else:
            pytest.fail("no output was begun")
        time.sleep(0.3)
        with os.fdopen(reader, "rb") as pipe:
            yield process, lambda: [*iter(lambda: pipe.read(1 << 16), b"")].clear()
    finally:
        process.kill()
        process.communicate(timeout=60)


def parts(folder: Path) -> set[str]:
    return {path.name for path in folder.glob(".calibrate-*.part")}


def test_what_a_killed_process_left_is_removed(run, files, tmp_path):
    with stuck(tmp_path) as (process, _):
        process.kill()
        process.wait()
    assert len(parts(tmp_path)) == 1
    assert not (tmp_path / "c.json").exists()
    assert run("fit", *files, "-o", "d.json").returncode == 0
    assert parts(tmp_path) == set()


def test_what_another_process_is_writing_is_left_alone(run, files, tmp_path):
    (tmp_path / ".calibrate-left.part").write_bytes(b"")
    (tmp_path / ".calibrate-held.part").write_bytes(b"")
    (tmp_path / ".calibrate-folder.part").mkdir()
    with (tmp_path / ".calibrate-held.part").open() as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        with stuck(tmp_path) as (process, drain):
            others = parts(tmp_path)
            assert len(others) == 3
            assert ".calibrate-left.part" not in others
            assert run("fit", *files, "-o", "d.json").returncode == 0
            assert parts(tmp_path) == others
            drain()
            assert process.wait(timeout=60) == 0
        assert parts(tmp_path) == {".calibrate-held.part", ".calibrate-folder.part"}
    assert (tmp_path / "c.json").read_bytes() == (tmp_path / "d.json").read_bytes()


@pytest.mark.parametrize("number", [signal.SIGHUP, signal.SIGTERM])
@pytest.mark.usefixtures("files")
def test_hanging_up_leaves_nothing_behind(number, tmp_path):
    def heed() -> None:
        signal.signal(number, signal.SIG_DFL)

    before = contents(tmp_path)
    with stuck(tmp_path, preexec_fn=heed) as (process, _):
        process.send_signal(number)
        assert process.wait(timeout=60) == 128 + number
    assert contents(tmp_path) == before


@pytest.mark.usefixtures("files")
def test_nohup(tmp_path):
    def ignore() -> None:
        signal.signal(signal.SIGHUP, signal.SIG_IGN)

    with stuck(tmp_path, preexec_fn=ignore) as (process, drain):
        process.send_signal(signal.SIGHUP)
        drain()
        assert process.wait(timeout=60) == 0
    assert (tmp_path / "c.json").exists()


@pytest.mark.parametrize("command", ["report", "--help", "fit", "apply"])
@pytest.mark.usefixtures("files")
def test_a_reader_who_has_gone(command, tmp_path):
    """Text longer and shorter than the buffer of stdout; the files are wanted all the same."""
    arguments = {
        "report": "report z.npy y.npy --format json --bootstrap 0 --plots none",
        "fit": "fit z.npy y.npy",
        "apply": "apply z.npy --temperature 2 -o -",
    }.get(command, command)
    reader, writer = os.pipe()
    os.close(reader)
    process = fresh(tmp_path, *arguments.split(), stdout=writer, stderr=subprocess.PIPE)
    os.close(writer)
    _, stderr = process.communicate(timeout=120)
    assert process.returncode == 141
    assert "rror" not in stderr
    assert "calibrate: " not in stderr
    made = {"report": "report/report.json", "fit": "calibrator.json"}.get(command)
    assert made is None or (tmp_path / made).exists()


CALIBRATOR = """{"schema": "calibrate.calibrator/1", "method": "temperature",
 "parameters": {"temperature": 2.0}}"""


def changing(run: Run, folder: Path, change: Callable[[Path], None]) -> subprocess.CompletedProcess:
    """Run a report, with a change of its logits between their check and their use."""
    os.mkfifo(folder / "c.json")
    report = "report z.npy y.npy -c c.json -o R --bootstrap 0 --plots none"
    with ThreadPoolExecutor(1) as beside:
        done = beside.submit(run, *report.split())
        with (folder / "c.json").open("w") as calibrator:  # as soon as the other side opens it
            change(folder / "z.npy")
            calibrator.write(CALIBRATOR)
        return done.result()


def cut_short(path: Path) -> None:
    os.truncate(path, 1000)


def rewritten(path: Path) -> None:
    with path.open("r+b") as file:
        file.seek(200)
        file.write(np.full(300, np.nan, np.float32).tobytes())


def rewritten_through_a_mapping(path: Path) -> None:
    mapped = np.load(path, mmap_mode="r+")
    mapped[100:] = np.nan
    mapped.flush()


def replaced(path: Path) -> None:
    np.save(path.with_name("new.npy"), np.load(path) * 2)
    path.with_name("new.npy").replace(path)


def removed(path: Path) -> None:
    path.unlink()


@pytest.mark.parametrize(
    "change", [cut_short, rewritten, rewritten_through_a_mapping, replaced, removed]
)
@pytest.mark.usefixtures("files")
def test_an_input_that_changes_is_noticed(change, run, tmp_path):
    done = changing(run, tmp_path, change)
    refused(done, "calibrate: z.npy: changed while it was read; run again\n")
    assert not (tmp_path / "R").exists()
    assert parts(tmp_path) == set()


@pytest.mark.usefixtures("files")
def test_an_input_that_does_not_change_is_not(run, tmp_path):
    assert changing(run, tmp_path, Path.exists).returncode == 0
