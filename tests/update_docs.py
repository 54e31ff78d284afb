"""Write what the console examples of README and docs print now into their pages.

    python tests/update_docs.py

Read the difference before you commit it: it is what users will see.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

from test_docs import FENCE, PAGES, commands, make_workplace, matches, printed_by


def updated(body: str, folder: Path) -> str:
    """A console block with the outputs of now; examples that still match stay as they are."""
    lines = []
    for command, expected in commands(body):
        printed = printed_by(command, folder)
        lines += [f"$ {command}", *(expected if matches(expected, printed) else printed)]
    return "\n".join(lines) + "\n"


def update(page: Path) -> None:
    with tempfile.TemporaryDirectory() as name:
        workplace = make_workplace(Path(name))

        def again(match, folder=workplace):
            kind, body = match.groups()
            return f"```{kind}\n{updated(body, folder) if kind == 'console' else body}```"

        page.write_text(FENCE.sub(again, page.read_text()))


if __name__ == "__main__":  # processes of the command are started from a module that is imported
    for each in PAGES:
        update(each)
