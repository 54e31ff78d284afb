"""``python -m calibrate``, and what the command ``calibrate`` starts."""

from __future__ import annotations

import os
import signal
import sys


def main() -> None:
    """Run the command line; Ctrl-C ends it in one line, also while it is still being imported."""
    ours = signal.getsignal(signal.SIGINT) is signal.default_int_handler  # not ignored, as by nohup
    if ours:
        signal.signal(signal.SIGINT, _leave)
    from calibrate.cli.app import main as run  # here: imports take a tenth of a second

    if ours:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    run()


def _leave(*_: object) -> None:
    """Nothing has been opened yet: there is nothing to clean up."""
    sys.stderr.write("calibrate: interrupted\n")
    sys.stderr.flush()
    os._exit(130)


if __name__ == "__main__":
    main()
