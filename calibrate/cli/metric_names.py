"""The names of metrics, as users give them."""

from __future__ import annotations

from calibrate.errors import check_known


def metric_names(chosen: str | None) -> tuple[str, ...] | None:
    """``ECE, smooth-ece`` -> the names of metrics; None for None.

    Raises:
        InputError: there is no such metric.
    """
    if chosen is None:
        return None
    from calibrate.metrics import METRICS

    names = tuple(each.strip().lower().replace("-", "_") for each in chosen.split(","))
    check_known("`metrics`", names, METRICS)
    return tuple(dict.fromkeys(names))
