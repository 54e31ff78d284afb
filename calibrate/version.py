"""The version of the installed package."""

from __future__ import annotations


def package_version() -> str:
    """As the installer recorded it; "0" in a checkout that was never installed."""
    from importlib.metadata import PackageNotFoundError, version  # here: --help does without

    try:
        return version("calibrate-cli")
    except PackageNotFoundError:
        return "0"
