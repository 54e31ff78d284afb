"""Do the 95 % intervals hold the truth in 95 of 100 cases, and do the tests reject 5 in 100?

    python tests/benchmarks/coverage.py [--runs 400] [--cells PATTERN] [--bootstrap 300]

A grid of populations of which P(label | row) is known (``simulated/cells.py``): many and few
classes and rows, accurate and noisy models, heavy weights, dependent rows, soft labels, calibrators
fitted on the very rows. Each cell is drawn and evaluated many times, and every interval and p-value
of the library is compared with the truth of the population.
"""

from __future__ import annotations

import argparse
import os
import re
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # before numpy: a process per core is enough

from simulated.cells import GRID
from simulated.scores import score_of
from simulated.table import tables


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=400, help="of each cell")
    parser.add_argument("--cells", default="", metavar="PATTERN", help="those whose name matches")
    parser.add_argument("--bootstrap", type=int, default=300, help="samples per run")
    parser.add_argument("--workers", type=int, help="processes; one per core unless said")
    parser.add_argument(
        "--markdown", type=Path, metavar="FILE", help="write the tables here after every cell"
    )
    parser.add_argument("--list", action="store_true", help="only the names of the cells")
    options = parser.parse_args()
    cells = [cell for cell in GRID if re.search(options.cells, cell.name)]
    if not cells:
        parser.error(f"no cell is named like {options.cells!r}; --list names them")
    if options.list:
        print("\n".join(cell.name for cell in cells))
        return
    scores = []
    with ProcessPoolExecutor(options.workers) as pool:
        for cell in cells:
            start = time.perf_counter()
            scores.append(score_of(cell, options.runs, options.bootstrap, pool))
            print(f"{cell.name}: {time.perf_counter() - start:.0f} s", file=sys.stderr, flush=True)
            if options.markdown:
                options.markdown.write_text(tables(scores), encoding="utf-8")
    print(tables(scores), end="")


if __name__ == "__main__":
    main()
