"""Write the JSON Schema of each result into docs/schemas/.

    python tests/update_schemas.py

A changed field changes what other programs read: see the difference before you commit it.
"""

from __future__ import annotations

import json
from pathlib import Path

from schemas import json_schema

from calibrate.results.kinds import KINDS

FOLDER = Path(__file__).parent.parent / "docs/schemas"


def files() -> dict[str, str]:
    """The content of each file, by its name: ``report-1.json``."""
    names = (kind.schema.removeprefix("calibrate.").replace("/", "-") for kind in KINDS)
    each = (json.dumps(json_schema(kind), indent=1, ensure_ascii=False) for kind in KINDS)
    return {f"{name}.json": f"{text}\n" for name, text in zip(names, each, strict=True)}


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for name, text in files().items():
        (FOLDER / name).write_text(text, encoding="utf-8")
