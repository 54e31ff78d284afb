"""Texts of others in lines of ours."""

from __future__ import annotations

import os
import subprocess

import pytest

import calibrate
from calibrate.renderers.formats.markdown import in_markdown
from calibrate.text import MOST_LINE, brief, listed, one_line, printable, shell_word

ODD = {
    "\x1b[31mred": r"\x1b[31mred",
    "a\nb\r\tc": r"a\nb\r\tc",
    "\u202etxt.exe": r"\u202etxt.exe",
    "\x9b2J": r"\x9b2J",
    "\udcff": r"\udcff",
    "\ufeffa\u200b": r"\ufeffa\u200b",
    "é 日本 👩\u200d💻": "é 日本 👩\u200d💻",  # joiners belong to letters and pictures
}


@pytest.mark.parametrize("text", ODD)
def test_what_does_not_show_is_escaped(text):
    assert printable(text) == ODD[text]
    assert printable(ODD[text]) == ODD[text]


def test_an_error_of_the_library_is_one_short_line():
    said = str(calibrate.InputError("z\x1b[2J.npy: odd\nand " + "x" * 10**6 + "; the way out"))
    assert said.startswith(r"z\x1b[2J.npy: odd and x")
    assert said.endswith("x; the way out")
    assert len(said) < MOST_LINE + 100
    assert "\n" not in one_line("a\nb")


@pytest.mark.parametrize(
    "name", [*ODD, "a b", "it's", "$HOME;`id`", "a\n'b\\n", "-c", "\x01", "é\u2028", "x:0.1"]
)
def test_a_shell_takes_a_name_back(name, tmp_path):
    word = shell_word(name)
    assert printable(word) == word
    done = subprocess.run(
        ["bash", "-c", f"printf %s {word}"], capture_output=True, cwd=tmp_path, check=True,
        env={"LC_ALL": "C.UTF-8", "PATH": os.environ["PATH"]},
    )  # fmt: skip
    wanted = name.encode(errors="surrogateescape")
    assert done.stdout.removeprefix(b"./") == wanted


def test_values_and_names_are_cut():
    assert brief("a") == "'a'"
    assert len(brief("x" * 10**6)) <= 65
    assert len(brief(10**400)) <= 65
    assert listed(["a", "b"]) == "a, b"
    assert listed([]) == "none"
    assert len(listed(["x" * 10**6] * 10**4)) < 1_000
    assert "(10,000 in all)" in listed(["x"] * 10**4)


MARKDOWN = {
    "<script>alert(1)</script>": "&lt;script&gt;alert(1)&lt;/script&gt;",
    "[a](http://x)": r"\[a\](http://x)",
    "[1](http://x)": r"\[1\](http://x)",
    "0.1 [-0.01, 0.2]~": "0.1 [-0.01, 0.2]~",
    "a|b_c _d_ ~~e~~": r"a\|b_c \_d\_ \~\~e\~\~",
    "&lt; a & b": "&amp;lt; a & b",
    "\x1b[2J\n# h": r"\\x1b\[2J\\n\# h",
}


@pytest.mark.parametrize("text", MARKDOWN)
def test_markdown_shows_a_text_as_it_is(text):
    assert in_markdown(text) == MARKDOWN[text]
