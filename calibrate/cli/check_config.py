"""What `calibrate check` finds in pyproject.toml or another file of settings."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Any

from calibrate.errors import InputError, check_known
from calibrate.files import read_text
from calibrate.printable import brief, cut
from calibrate.results.limit import BOUNDS, Limit

PROJECT = "pyproject.toml"
SWITCHES = ("confident", "drift", "warn-only")
NUMBERS = ("alpha", "drift-size")
LARGEST = 1e300
KEYS = (*BOUNDS, *SWITCHES, "against", *NUMBERS)


@dataclass(frozen=True)
class CheckConfig:
    """The settings of a file: limits, and the values of other options by name."""

    limits: tuple[Limit, ...] = ()
    options: Mapping[str, Any] = field(default_factory=dict)

    @staticmethod
    def read(name: str | None) -> CheckConfig:
        """From a file; None: the section ``[tool.calibrate.check]`` of pyproject.toml in the
        working folder, if there is one.

        Raises:
            InputError: the file cannot be read, holds no such section, or one that is not
                understood.
        """
        path = name or PROJECT
        try:
            content = read_text(path)
        except FileNotFoundError as error:
            if name is None:
                return CheckConfig()
            raise InputError(f"{path}: no such file; see `config`") from error
        except OSError as error:
            raise InputError(f"{path}: cannot be read: {error.strerror}") from error
        except UnicodeDecodeError as error:
            raise InputError(f"{path}: expected TOML in UTF-8, found something else") from error
        if name is None and "calibrate" not in content:
            return CheckConfig()
        section, where = _section(_parsed(content, path), path, wanted=name is not None)
        return _of(section, where, Path(path).parent)


def _parsed(content: str, path: str) -> dict[str, Any]:
    name = "tomllib" if sys.version_info >= (3, 11) else "tomli"
    try:
        toml = import_module(name)
    except ImportError as error:
        raise InputError(
            f"{path}: Python {sys.version_info[0]}.{sys.version_info[1]} reads no TOML by itself; "
            "pip install tomli"
        ) from error
    try:
        found: dict[str, Any] = toml.loads(content)
    except (ValueError, RecursionError) as error:
        raise InputError(f"{path}: expected TOML, found something else: {error}") from error
    return found


def _section(content: dict[str, Any], path: str, *, wanted: bool) -> tuple[dict[str, Any], str]:
    """The settings and their place: ``[tool.calibrate.check]``, or ``[check]`` of a file of its
    own.
    """
    tool = content.get("tool")
    own = tool.get("calibrate") if isinstance(tool, dict) else None
    where = f"{path}: tool.calibrate"
    if own is None and Path(path).name != PROJECT:
        own, where = content, path
    if own is None:
        if wanted:
            raise InputError(f"{path}: expected a section [tool.calibrate.check], found none")
        return {}, where
    if not isinstance(own, dict):
        raise InputError(f"{where}: expected a table, found {brief(own)}")
    check_known(where if own is not content else f"{path}: sections", own, ("check",))
    section = own.get("check")
    if section is None and wanted:
        raise InputError(f"{path}: expected a section [check], found none")
    where = f"{where}.check" if own is not content else f"{path}: check"
    if section is not None and not isinstance(section, dict):
        raise InputError(f"{where}: expected a table, found {brief(section)}")
    return section or {}, where


def _of(section: dict[str, Any], where: str, folder: Path) -> CheckConfig:
    check_known(where, section, KEYS)
    limits: list[Limit] = []
    options: dict[str, Any] = {}
    for key, value in section.items():
        place = f"{where}.{key}"
        if key in BOUNDS:
            for name, number in _numbers(value, place):
                limits.append(Limit.of_name(key, name, number, place))
        elif key == "against":
            if not isinstance(value, str):
                raise InputError(f"{place}: expected the name of a file, found {brief(value)}")
            options["against"] = str(folder / value)
        elif key in SWITCHES:
            if not isinstance(value, bool):
                raise InputError(f"{place}: expected true or false, found {brief(value)}")
            options[key.replace("-", "_")] = value
        else:
            options[key.replace("-", "_")] = _number(value, place)
    return CheckConfig(tuple(limits), options)


def _numbers(table: Any, where: str, before: str = "") -> Iterator[tuple[str, float]]:
    """The names of limits with their numbers; ``change.nll = 0`` is a table within the table."""
    if not isinstance(table, dict):
        raise InputError(f"{where}: expected a table, as in {{ ece = 0.03 }}, found {brief(table)}")
    for key, value in table.items():
        name = f"{before}{key}"
        if isinstance(value, dict):
            yield from _numbers(value, where, f"{name}.")
        else:
            yield name, _number(value, f"{where}.{cut(name)}")


def _number(value: Any, where: str) -> float:
    if type(value) not in (int, float) or not abs(value) <= LARGEST:
        raise InputError(f"{where}: expected a number, found {brief(value)}")
    return float(value)
