"""Messages of the library name arguments; those of a command name its options."""

from __future__ import annotations

import pytest

from calibrate.cli.command import in_options

OPTIONS = {"scores": "--scores", "label_offset": "--label-offset", "per_label": "--per-label"}


@pytest.mark.parametrize(
    ("message", "said"),
    [
        ('pass `scores="probabilities"` (or `scores="logits"`)',
         "pass --scores probabilities (or --scores logits)"),
        ("pass `label_offset=1`", "pass --label-offset 1"),
        ("pass `per_label=True`", "pass --per-label"),
        ("`label_offset` is for class indices", "--label-offset is for class indices"),
        ("`ignore_label=-100` is not known here", "ignore_label=-100 is not known here"),
        ("`calibrate fit` writes one", "`calibrate fit` writes one"),
        ("scores=1.npy: no such file", "scores=1.npy: no such file"),
    ],
)  # fmt: skip
def test_arguments_become_options(message, said):
    assert in_options(message, OPTIONS) == said
