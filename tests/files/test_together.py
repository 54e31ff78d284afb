"""Files of a run: put in place together, or not at all; none both read and written."""

from __future__ import annotations

import ast
import os
from pathlib import Path

import pytest
from conftest import ROOT

from calibrate.errors import InputError
from calibrate.files import (
    announce,
    read_text,
    reading,
    together,
    write_bytes,
    write_folder,
    writing,
)

PACKAGE = ROOT / "calibrate"


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.rglob("*")}


def test_files_appear_together(tmp_path):
    with together() as files:
        write_bytes(tmp_path / "a", b"1")
        write_folder(tmp_path / "f", {tmp_path / "f/b": b"2"})
        assert not {"a", "b"} & names(tmp_path)
        placed, removed = files.put_in_place()
    assert [(Path(each.name).name, each.replaced) for each in placed] == [
        ("a", False),
        ("b", False),
    ]
    assert removed == []
    assert names(tmp_path) == {"a", "f", "b"}


def test_or_not_at_all(tmp_path):
    (tmp_path / "a").write_bytes(b"old")

    def write_and_fail() -> None:
        with together():
            write_bytes(tmp_path / "a", b"new")
            write_folder(tmp_path / "f", {tmp_path / "f/b": b"2"}, outdated=(tmp_path / "a.png",))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        write_and_fail()
    assert names(tmp_path) == {"a"}
    assert (tmp_path / "a").read_bytes() == b"old"


def test_a_folder_is_whole_on_its_own(tmp_path):
    (tmp_path / "f/c").mkdir(parents=True)
    (tmp_path / "f/old").touch()
    with pytest.raises(InputError, match="found a directory"):
        write_folder(tmp_path / "f", {tmp_path / "f/b": b"2", tmp_path / "f/c": b"3"},
                     (tmp_path / "f/old",))  # fmt: skip
    assert names(tmp_path) == {"f", "c", "old"}
    write_folder(tmp_path / "f", {tmp_path / "f/b": b"2"}, (tmp_path / "f/old",))
    assert names(tmp_path) == {"f", "b", "c"}


def test_in_whatever_order_it_is_said(tmp_path):
    path, link = tmp_path / "a", tmp_path / "b"
    path.write_bytes(b"1")
    os.link(path, link)
    with together():
        announce([link])
        with pytest.raises(InputError, match="b: is an input or another output"):
            read_text(path)
    with together():
        read_text(path)
        with pytest.raises(InputError, match="b: is an input or another output"):
            announce([link])
    with together():
        read_text(path)
        with pytest.raises(InputError, match="b: is an input"):
            write_bytes(link, b"2")  # though nobody announced it
        with pytest.raises(InputError, match="b: is an input"):
            write_folder(tmp_path, {}, outdated=(link,))
    assert path.read_bytes() == link.read_bytes() == b"1"


def test_no_file_is_written_twice(tmp_path):
    (tmp_path / "x").mkdir()
    with together() as files:
        write_bytes(tmp_path / "a", b"1")
        with pytest.raises(InputError, match="another output"):
            write_bytes(tmp_path / "x/../a", b"2")
        with pytest.raises(InputError, match="another output"):
            announce([tmp_path / "b", tmp_path / "x/../b"])
        files.discard()
    assert names(tmp_path) == {"x"}


def test_one_version_of_a_file_in_a_run(tmp_path):
    path = tmp_path / "a"
    path.write_bytes(b"1")
    with together():
        read_text(path)
        path.write_bytes(b"22")
        with pytest.raises(InputError, match="a: changed while it was read; run again"):
            read_text(path)


def test_what_a_torn_file_looks_like_is_not_said(tmp_path):
    path = tmp_path / "a"
    path.write_bytes(b"1")

    def stumble() -> None:
        with reading(path, "a") as file:
            path.write_bytes(b"333")
            raise ValueError(file.read())

    with pytest.raises(InputError, match="a: changed while it was read; run again"):
        stumble()


def test_a_part_is_gone_when_its_block_fails(tmp_path):
    def stumble() -> None:
        with writing(tmp_path / "a") as file:
            file.write(b"1")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        stumble()
    assert names(tmp_path) == set()


def opened_elsewhere(source: str) -> list[str]:
    """Calls in a file that open others by themselves."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.Call):
            continue
        function = node.func
        name = function.id if isinstance(function, ast.Name) else ""
        attribute = function.attr if isinstance(function, ast.Attribute) else ""
        texts = [a.value for a in node.args if isinstance(a, ast.Constant)]
        modes = attribute == "open" and any(text in ("rb", "wb", "r", "w") for text in texts)
        if name == "open" or modes or attribute in FORBIDDEN:
            found.append(ast.unparse(node))
    return found


FORBIDDEN = {
    *("read_text", "read_bytes", "write_text", "write_bytes"),
    *("memmap", "fromfile", "tofile", "loadtxt", "savetxt", "mkstemp"),
}


def test_there_is_one_door_for_files():
    """So that no input can be forgotten where inputs and outputs are told apart."""
    found = {
        str(path.relative_to(PACKAGE)): opened_elsewhere(path.read_text())
        for path in PACKAGE.rglob("*.py")
        if path.parent.name != "files"
    }
    calls = {name: calls for name, calls in found.items() if calls}
    (parsed,) = calls.pop("data/readers/csv.py")
    assert parsed.startswith("np.loadtxt(lines, ")  # lines of a file that is open already
    (template,) = calls.pop("renderers/pages/page.py")
    assert template.startswith("(resources.files(PARTS)")  # a file of our own
    assert calls == {"cli/app.py": ["open(os.devnull, 'w')"]}
