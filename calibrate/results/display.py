"""How a result shows itself, in a console and in a notebook, and what it becomes elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

    from calibrate.results.json import Result
    from calibrate.results.measurement import Metrics

RENDERERS: dict[str, Callable[[Any], str]] = {}  # results know none: ``calibrate`` brings them


class Displayed:
    """A result that shows itself as its command prints it."""

    def __repr__(self: Result) -> str:
        return RENDERERS["text"](self).rstrip("\n")

    def _repr_html_(self: Result) -> str:
        return RENDERERS["html"](self)

    def to_dict(self: Result) -> dict[str, Any]:
        """The content of its JSON file, as plain dictionaries, lists, numbers and texts."""
        from calibrate.results.json import to_dict

        return to_dict(self)


def frame(parts: Iterable[tuple[dict[str, str], dict[str, Metrics | None]]]) -> pd.DataFrame:
    """A pandas table of figures: a row per metric, three columns per side, of floats.

    Args:
        parts: what the rows are of, as in ``{"model": "a"}``, and the metrics of each side.

    Raises:
        ImportError: pandas is not installed.
    """
    try:
        import pandas as pd
    except ImportError as error:
        raise ImportError("to_frame needs pandas; pip install pandas") from error
    index, records = ["metric"], []
    for key, sides in parts:
        index = [*key, "metric"]
        for name in next(iter(sides.values())) or ():
            record: dict[str, object] = {**key, "metric": name}
            for side, metrics in sides.items():
                if metrics is not None:
                    found = metrics.get(name)
                    record[side] = None if found is None else found.value
                    record[f"{side}_low"] = None if found is None else found.low
                    record[f"{side}_high"] = None if found is None else found.high
            records.append(record)
    return pd.DataFrame(records).set_index(index).astype(float)
