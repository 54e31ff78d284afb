"""``python -m calibrate``, and what the command ``calibrate`` starts."""

from __future__ import annotations

import os
import signal
import sys
from typing import NoReturn

# Where numpy is not imported yet, its BLAS starts one thread, whatever the environment says: sums
# are split between as many as there are, and results are the same on any number of cores. The work
# is shared by our own threads. OMP_NUM_THREADS is left alone, as pyarrow reads files with so many.
BLAS_THREADS = (
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "BLIS_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
)


def main() -> None:
    """Run the command line; Ctrl-C ends it in one line, also while it is still being imported."""
    ours = signal.getsignal(signal.SIGINT) is signal.default_int_handler  # not ignored, as by nohup
    if ours:
        signal.signal(signal.SIGINT, lambda *_: _leave(130, "interrupted"))
    os.environ.update(dict.fromkeys(BLAS_THREADS, "1"))
    try:
        from calibrate.cli.app import main as run  # here: imports take a tenth of a second
    except (ImportError, MemoryError, OSError) as error:
        if "--debug" in sys.argv:
            raise
        _leave(2, f"a library cannot be loaded: {error or 'out of memory'}")
    if ours:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    run()


def _leave(code: int, message: str) -> NoReturn:
    """Nothing has been opened yet: there is nothing to clean up."""
    sys.stderr.write(f"calibrate: {' '.join(message.split())}\n")
    sys.stderr.flush()
    os._exit(code)


if __name__ == "__main__":
    main()
