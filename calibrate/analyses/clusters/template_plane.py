"""The plane through the templates of three classes, after Müller, Kornblith & Hinton (2019)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from calibrate.arrays import AnyArray, Float64, described
from calibrate.blocks.sums import product
from calibrate.errors import InputError

# templates whose triangle is thinner than this lie on a line, as far as float32 can say
FLAT = 1e-6


@dataclass(frozen=True)
class TemplatePlane:
    """Where the three templates of a model span a plane.

    A point x of the space of the templates has the coordinates ``(x - origin) @ basis``. The first
    axis points from the first template to the second; the third lies on the positive side of the
    second axis: planes of different models are turned alike.

    Attributes:
        origin: ``(d,)`` the mean of the templates.
        basis: ``(d, 2)`` with orthonormal columns, from ``(t_b - t_a, t_c - t_a)``.
        templates: ``(3, 2)`` their coordinates.
    """

    origin: Float64
    basis: Float64
    templates: Float64

    @staticmethod
    def through(templates: Float64, where: str) -> TemplatePlane:
        """The plane through three points ``(3, d)``.

        Raises:
            InputError: they are not finite, or lie on a line.
        """
        if not np.isfinite(templates).all():
            raise InputError(f"{where}: expected finite weights, found NaN or infinity")
        sides = templates[1:] - templates[0]
        basis, triangle = _orthonormal(sides / (np.abs(sides).max() or 1.0))
        widths = np.linalg.svd(triangle, compute_uv=False)
        if widths[1] <= FLAT * widths[0]:
            raise InputError(
                f"{where}: expected three templates that span a plane, found them on a line; "
                "choose other classes"
            )
        origin = templates.mean(axis=0)
        return TemplatePlane(origin, basis, product(templates - origin, basis))

    @staticmethod
    def of_logits() -> TemplatePlane:
        """The plane of three logits, whose templates are the unit vectors e_a, e_b, e_c.

        They form an equilateral triangle with sides sqrt(2). The plane is orthogonal to (1, 1, 1):
        what is added to all logits of a row does not move its point.
        """
        return TemplatePlane.through(np.eye(3), "logits")

    def project(self, x: Float64) -> Float64:
        """The coordinates ``(n, 2)`` of points ``(n, d)``."""
        return product(x - self.origin, self.basis)


def _orthonormal(sides: Float64) -> tuple[Float64, Float64]:
    """Return the ``(d, 2)`` basis of Gram and Schmidt of two sides ``(2, d)``, and the sides in it,
    ``(2, 2)``; what the second has of the first is taken off twice, for thin triangles.
    """
    first, second = sides
    length = np.sqrt(product(first, first))
    first = first / (length or 1.0)
    along = product(first, second)
    rest = second - along * first
    rest = rest - product(first, rest) * first
    height = np.sqrt(product(rest, rest))
    basis = np.stack([first, rest / (height or 1.0)], axis=1)
    return basis, np.array([[length, 0.0], [along, height]])


def templates_of(
    weights: AnyArray,
    classes: Sequence[int],
    n_classes: int,
    width: int,
    axis: int | None,
    where: str,
) -> Float64:
    """The rows of a last layer's weights that belong to three classes, ``(3, d)``.

    Args:
        weights: ``(K, d)`` or ``(d, K)``.
        width: d, of the features.
        axis: along which the classes lie; None where the shape tells.

    Raises:
        InputError: the shape does not fit, or fits both ways.
    """
    by_row, by_column = (n_classes, width), (width, n_classes)
    shapes = {0: [by_row], 1: [by_column], None: [by_row, by_column]}[axis]
    if weights.dtype.kind not in "fiu" or weights.shape not in shapes:
        wanted = " or ".join(map(str, dict.fromkeys(shapes)))
        raise InputError(
            f"{where}: expected the weights of {n_classes} classes for {width} features as real "
            f"numbers of shape {wanted}, found {described(weights)}"
        )
    if axis is None and n_classes == width:
        raise InputError(
            f"{where}: expected weights whose shape tells classes from features, found "
            f"{weights.shape}; pass `weights_axis=0` if each row is a class, "
            "`weights_axis=1` if each column is"
        )
    chosen = np.asarray(classes)
    rows = weights[chosen] if weights.shape == by_row and axis != 1 else weights[:, chosen].T
    return np.asarray(rows, dtype=np.float64)
