"""How a result was made."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Made:
    """What made a result, so that it can be made again.

    Attributes:
        command: as it was given, without what only says where and how results are written.
        versions: of calibrate, Python and numpy.
    """

    command: str
    versions: dict[str, str]
