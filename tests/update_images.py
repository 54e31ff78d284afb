"""Draw the pictures of README and docs again.

    python tests/update_images.py

Open those that changed before you commit them: they are what users will see.
"""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

from conftest import ROOT
from test_docs import PAGES, blocks, commands, make_workplace, shell

REPORT = (
    "calibrate report sample_logits/mnist/hard_test.npy sample_logits/mnist/labels_test.npy "
    "-c calibrator.json"
)
FOLDER = ("reliability", "reliability-smooth", "reliability-corp", "temperature")
IMAGES = {  # the start of a command of the pages, and which of its files becomes which image
    REPORT: {f"report/{name}.png": f"{name}.png" for name in FOLDER},
    "calibrate compare sample_logits/mnist/hard_test.npy": {
        "compare/reliability.png": "compare.png"
    },
    "calibrate compare sample_logits/mnist/student": {"students/reliability.png": "students.png"},
    "calibrate targets teacher sample_logits/mnist/hard_val.npy --labels": {
        "targets.png": "targets.png"
    },
    "calibrate clusters sample_logits/mnist": {"clusters.png": "clusters.png"},
}

every = [
    command for page in PAGES for body in blocks(page, "console") for command, _ in commands(body)
]
with tempfile.TemporaryDirectory() as name:
    folder = make_workplace(Path(name))
    shell(next(command for command in every if "calibrate fit" in command), folder)
    for start, files in IMAGES.items():
        command = next(command for command in every if command.startswith(start))
        printed = shell(f"{command} --dpi 100", folder)
        for file, image in files.items():
            shutil.copyfile(folder / file, ROOT / "docs" / "images" / image)
            print(image, "from", printed[-1])
