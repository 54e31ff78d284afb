"""What scores go through before they are looked at: a calibrator file, or a temperature."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import typer

from calibrate.cli import options
from calibrate.errors import InputError

if TYPE_CHECKING:
    from calibrate.calibrators.methods import temperature as calibrators
    from calibrate.calibrators.protocol import Calibrator

Temperature = Annotated[
    float | None, typer.Option("--temperature", help="A temperature in place of a file.")
]


def temperature_of(value: float) -> calibrators.Temperature:
    """A temperature that was given as an option.

    Raises:
        InputError: it is none.
    """
    import calibrate

    try:
        return calibrate.Temperature(value)
    except InputError as error:  # that of a file is none of an option
        raise InputError(f"--{error}") from error


@dataclass(frozen=True, kw_only=True)
class ThroughOptions:
    """A calibrator, said in one of two ways, or none."""

    calibrator: options.CalibratorFile = None
    temperature: Temperature = None

    @property
    def given(self) -> str | Calibrator | None:
        """The name of the file, or the temperature as a calibrator; None where neither was given.

        Raises:
            InputError: both were given, or the temperature is none.
        """
        if self.temperature is None:
            return self.calibrator
        if self.calibrator is not None:
            raise InputError("expected either `calibrator` or `temperature`, got both")
        return temperature_of(self.temperature)

    def opened(self) -> tuple[Calibrator | None, tuple[str, ...]]:
        """The calibrator itself, read from its file, and what whoever uses it should know."""
        from calibrate.calibrators.file import read_calibrator_file

        given = self.given
        if not isinstance(given, str):
            return given, ()
        found = read_calibrator_file(given)
        return found.build(), found.warnings
