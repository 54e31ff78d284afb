"""The JSON Schemas in docs/schemas/ are what the types give, and what the commands print."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from enum import Enum
from typing import ClassVar

import numpy as np
import pytest
from conftest import ROOT, SAMPLES, check_schema
from jsonschema import Draft202012Validator, ValidationError
from schemas import json_schema
from update_schemas import FOLDER, files

from calibrate.cli.app import COMMANDS
from calibrate.results.kinds import KINDS
from calibrate.results.measurement import Sides
from calibrate.results.thresholds import Goal

MNIST, DIGITS = SAMPLES / "mnist", SAMPLES / "digits"


def test_the_files_are_what_the_types_give():
    """Otherwise: python tests/update_schemas.py"""
    assert {path.name: path.read_text(encoding="utf-8") for path in FOLDER.iterdir()} == files()


def test_every_result_of_a_command_has_one():
    commands = {kind.command.removeprefix("calibrate ") for kind in KINDS}
    assert commands <= {*COMMANDS}
    documents = {path.stem for path in (ROOT / "calibrate/renderers/documents").glob("*.py")}
    assert {path.stem.removesuffix("-1") for path in FOLDER.iterdir()} <= documents


PRINTED = [
    ("report", f"{MNIST}/hard_test.npy", f"{MNIST}/labels_test.npy", "--fit", "--bootstrap", "5",
     "--plots", "none", "--groups", f"{MNIST}/labels_test.npy"),
    ("report", f"{DIGITS}/val_logits.npy", f"{DIGITS}/val_labels.npy", "--task", "multilabel",
     "--bootstrap", "5", "--plots", "none"),
    ("fit", f"{DIGITS}/val_logits.npy", f"{DIGITS}/val_labels.npy", "--per-label", "--task",
     "multilabel"),
    ("compare", "z.npy", "z2.npy", "z.npy", "y.npy", "--name", "a", "--name", "a", "--name", "b",
     "--plots", "none"),
    ("targets", "labels", "y.npy", "--n-classes", "7", "--smoothing", "0.1"),
    ("targets", "teacher", "z.npy", "--sweep", "1,2", "--plots", "none"),
    ("thresholds", "z.npy:1", "s.npy", "--for", "cost=1:3"),
    ("clusters", "z.npy", "y.npy", "--classes", "0,1,2", "--plots", "none"),
    ("inspect", "z.npy", "y.npy"),
]  # fmt: skip


@pytest.mark.parametrize("command", PRINTED, ids=lambda command: " ".join(command[:1]))
def test_what_commands_print_is_valid(run, files, tmp_path, command):
    z, y = map(np.load, files)
    np.save(tmp_path / "b.npy", z[:, 0])
    np.save(tmp_path / "z2.npy", z[:, ::-1])
    np.save(tmp_path / "s.npy", (y == 0).astype(int))
    given = ["b.npy" if word == "z.npy:1" else word for word in command]
    done = run(*given, "--format", "json")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith('{\n "schema": ')  # what `run` checks


def test_the_check_of_every_output_can_fail():
    content = {"schema": "calibrate.targets/1", "version": "1", "data": 3}
    with pytest.raises(ValidationError):
        check_schema(json.dumps(content, indent=1))


class Colour(str, Enum):
    red = "red"


@dataclass(frozen=True)
class Of:
    """One of ``us``."""

    number: float
    self: tuple[Of, ...] = ()


@dataclass(frozen=True)
class Whole:
    """Of everything.

    More of it.

    Attributes:
        pair, more: two of
            them.
        goal: what for.
    """

    pair: tuple[int, str]
    more: tuple[int | None, ...]
    sides: Sides[Of]
    goal: Goal
    colour: Colour
    table: dict[str, bool] = field(default_factory=dict)
    hidden: int = field(default=0, metadata={"json": False})

    schema: ClassVar[str] = "calibrate.whole/7"
    command: ClassVar[str] = "calibrate whole"


def test_each_type_has_its_schema():
    found = json_schema(Whole)
    held = found["properties"]
    assert held["schema"] == {"const": "calibrate.whole/7"}
    assert found["required"] == ["schema", "version", *list(held)[2:-1]]
    assert "hidden" not in held
    assert held["pair"]["description"] == held["more"]["description"] == "two of them."
    assert held["goal"] == {"type": "string", "description": "what for."}
    assert found["$defs"]["Of"]["description"] == "One of us."
    good = {
        "schema": "calibrate.whole/7", "version": "1", "pair": [1, "a"], "more": [None, 2],
        "sides": {"before": {"number": 1.5, "self": [{"number": 2}]}, "after": None},
        "goal": "f1", "colour": "red",
    }  # fmt: skip
    check = Draft202012Validator(found)
    check.validate(good)
    for wrong in (
        {"pair": [1]}, {"pair": [1, "a", 2]}, {"more": ["a"]}, {"colour": "blue"},
        {"sides": {"before": None, "after": None}}, {"table": {"a": 1}}, {"goal": 1},
        {"sides": {"before": {"number": 1, "self": [{"number": "x"}]}, "after": None}},
    ):  # fmt: skip
        assert not check.is_valid({**good, **wrong}), wrong
