"""Files of several models on the same rows -> ClusterModels."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from calibrate.analyses.clusters.sums import ClusterModel
from calibrate.data.readers.open import open_column, open_dataset
from calibrate.data.readers.several.files import stem_of
from calibrate.data.reading import Reading
from calibrate.errors import InputError
from calibrate.printable import listed


def check_counts(files: Sequence[str], **each: Sequence[str]) -> None:
    """Raise InputError unless there are logits and labels, and as many of the rest, or none."""
    if len(files) < 2:
        raise InputError(
            f"expected LOGITS [LOGITS ...] LABELS, at least two files, got {len(files)}: "
            f"{listed(files)}; give the labels last"
        )
    models = len(files) - 1
    for name, found in each.items():
        if found and len(found) != models:
            raise InputError(
                f"`{name}`: expected {models}, one for each file of logits, in order, "
                f"got {len(found)}: {listed(found)}"
            )


def open_models(
    files: Sequence[str],
    features: Sequence[str] = (),
    last_layer: Sequence[str] = (),
    titles: Sequence[str] = (),
    *,
    weights_axis: int | None = None,
    reading: Reading | None = None,
) -> list[ClusterModel]:
    """Open models by the names of their files.

    Args:
        files: the logits of each model and, last, the labels of all.
        features, last_layer, titles: one per model, in order, or none.

    Raises:
        InputError: anything about the files, their number or their values.
    """
    if bool(features) != bool(last_layer):
        given, missing = ("features", "last_layer") if features else ("last_layer", "features")
        raise InputError(
            f"`{given}` without `{missing}`: expected both, the features of each model and the "
            "weights of its last layer, or neither to look at the logits"
        )
    check_counts(files, features=features, last_layer=last_layer, name=titles)
    *logits, labels = files
    names = titles or default_titles(logits)
    models = []
    for i, of_model in enumerate(logits):
        dataset = open_dataset(of_model, labels, reading=reading)
        model = ClusterModel(
            name=names[i],
            dataset=dataset,
            features=open_column(features[i], "features", beside=dataset.logits)
            if features
            else None,
            weights=open_column(last_layer[i], "weights") if last_layer else None,
            weights_axis=weights_axis,
        )
        models.append(model)
    return models


def default_titles(files: Sequence[str]) -> list[str]:
    """File names without folder and suffix, or in full where that does not tell them apart."""
    stems = [Path(stem_of(name)).name for name in files]
    return stems if len(set(stems)) == len(stems) else list(files)
