"""Files of several models on the same rows -> ClusterModels."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from calibrate.analyses.clusters.sums import ClusterModel
from calibrate.data.readers.open import open_source, read_array
from calibrate.errors import InputError


def check_counts(
    files: Sequence[str], features: Sequence[str], weights: Sequence[str], titles: Sequence[str]
) -> None:
    """Raise InputError unless there are logits and labels, and as much as needed of the rest."""
    if len(files) < 2:
        raise InputError(
            f"expected LOGITS [LOGITS ...] LABELS, at least two files, got {len(files)}: "
            f"{', '.join(files)}; give the labels last"
        )
    models = len(files) - 1
    if bool(features) != bool(weights):
        given, missing = ("--features", "--weights") if features else ("--weights", "--features")
        raise InputError(
            f"{given} without {missing}: expected both, the features of each model and the weights "
            "of its last layer, or neither to look at the logits"
        )
    for option, found in (("--features", features), ("--weights", weights), ("--name", titles)):
        if found and len(found) != models:
            raise InputError(
                f"{option}: expected {models}, one for each file of logits, in order, "
                f"got {len(found)}: {', '.join(found)}"
            )


def open_models(
    files: Sequence[str],
    features: Sequence[str] = (),
    weights: Sequence[str] = (),
    titles: Sequence[str] = (),
    *,
    weights_axis: int | None = None,
    scores: str | None = None,
    label_offset: int = 0,
    workers: int | None = None,
    on_rows: Callable[[int], None] | None = None,
) -> list[ClusterModel]:
    """Open models by the names of their files.

    Args:
        files: the logits of each model and, last, the labels of all.
        features, weights, titles: one per model, in order, or none.

    Raises:
        InputError: anything about the files, their number or their values.
    """
    check_counts(files, features, weights, titles)
    *logits, labels = files
    names = titles or default_titles(logits)
    return [
        ClusterModel(
            name=names[i],
            dataset=open_source(
                of_model, labels, scores=scores, label_offset=label_offset, workers=workers,
                on_rows=on_rows,
            ),
            features=read_array(features[i], "features") if features else None,
            weights=read_array(weights[i], "weights") if weights else None,
            weights_axis=weights_axis,
            features_name=features[i] if features else "",
            weights_name=weights[i] if weights else "",
        )
        for i, of_model in enumerate(logits)
    ]  # fmt: skip


def default_titles(files: Sequence[str]) -> list[str]:
    """File names without folder and suffix, or in full where that does not tell them apart."""
    stems = [Path(name).stem for name in files]
    return stems if len(set(stems)) == len(stems) else list(files)
