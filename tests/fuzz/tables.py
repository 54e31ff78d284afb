"""Tables of scores and labels, valid ones and odd ones."""

from __future__ import annotations

import gzip
import json

import numpy as np
from fuzz.values import Rng, odd_bytes, odd_text, pick, some

WORDS = ("ant", "bee", "cat", "sea lion", "eel", "fox", "gnu")


def table(rng: Rng, logits: np.ndarray, labels: np.ndarray) -> tuple[str, bytes]:
    """The name and the content of a file with both."""
    texts = [WORDS[i] for i in labels] if some(rng, 0.5) else labels.tolist()
    values = logits.astype(np.float64).tolist()
    name = pick(rng, ("a.csv", "a.csv", "a.tsv", "a.csv.gz", "a.jsonl", "a.json"))
    if ".js" in name:
        rows = [{"logits": z, "label": y} for z, y in zip(values, texts, strict=True)]
        lines = "\n".join(map(json.dumps, rows)) + "\n"
        content = json.dumps(rows, indent=1) if name == "a.json" else lines
        marks = ',\n:"[]{}'
    else:
        mark = "\t" if name == "a.tsv" else ","
        lined = [[*WORDS[: logits.shape[1]], pick(rng, ("label", "y", "kind"))]]
        lined = [] if some(rng, 0.2) else lined
        lined += [[*map(repr, z), str(y)] for z, y in zip(values, texts, strict=True)]
        content, marks = "\n".join(map(mark.join, lined)) + "\n", mark + '\n"'
    found = odd_text(rng, content, marks) if some(rng, 0.6) else content.encode()
    if name.endswith(".gz"):
        found = gzip.compress(found, mtime=0)
        found = odd_bytes(rng, found) if some(rng, 0.3) else found
    return name, found
