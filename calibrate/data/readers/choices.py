"""The samples of lm-evaluation-harness: log-likelihoods of the choices of a question."""

from __future__ import annotations

from typing import Any

from calibrate.data.readers.decimals import is_number
from calibrate.errors import InputError
from calibrate.printable import brief


class Choices:
    """The responses of each sample, ``[[log-likelihood, is greedy], ...]``, numbers or texts.

    Attributes:
        name: of the file.
    """

    def __init__(self, key: str, name: str) -> None:
        self.name, self._key = name, key
        self._filter: object = None  # how the harness made ``filtered_resps`` of ``resps``

    def of(self, where: str, row: dict[str, Any]) -> list[float]:
        """The log-likelihood of each choice.

        Raises:
            InputError: these are none, as in a task that generates text, or of several filters.
        """
        self._filter = row.get("filter") if self._filter is None else self._filter
        if row.get("filter") != self._filter:
            raise InputError(
                f"{where}: holds samples of the filters {brief(self._filter)} and "
                f"{brief(row.get('filter'))}: each question several times; keep those of one"
            )
        given = row.get(self._key)
        if not isinstance(given, list) or not given:
            raise InputError(
                f"{where}, key {brief(self._key)}: expected responses, found {brief(given)}"
            )
        return [self._number(where, each) for each in given]

    def _number(self, where: str, response: Any) -> float:
        found = response
        while isinstance(found, list) and found:  # [[ll, greedy]], one for each repeat
            found = found[0]
        if isinstance(found, bool) or not is_number(str(found)):
            raise InputError(
                f"{where}, key {brief(self._key)}: expected [log-likelihood, is greedy] of each "
                f"choice, found {brief(response)}; is this a task that generates text?"
            )
        return float(found)
