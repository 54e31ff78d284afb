"""What minimises the NLL: its sums over rows with their derivatives, and L-BFGS-B."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from calibrate.arrays import Float64
from calibrate.blocks.block import Block, sum_by_part
from calibrate.blocks.softmax import exponentials, row_dot, target_scores
from calibrate.blocks.sums import Sums, effective, jackknife, leave_out, student_95


def minimise(
    function: Callable[[Float64], tuple[float, Float64]],
    start: Float64,
    bounds: tuple[Float64, Float64],
    gradient_tolerance: float,
) -> Float64:
    """The minimiser of ``function`` within ``bounds``, as far as L-BFGS-B gets.

    The variables should be scaled so that the curvature is about 1: the first step is the
    negative gradient, and ``gradient_tolerance`` is then a distance from the optimum. Whether
    the point returned is the optimum is for the caller to check.

    Reference: Byrd, Lu, Nocedal & Zhu (1995).
    """
    from scipy.optimize import Bounds, minimize  # here: this import takes a third of a second

    result = minimize(
        function,
        start,
        jac=True,
        method="L-BFGS-B",
        bounds=Bounds(*bounds),
        options={"gtol": gradient_tolerance, "ftol": 0.0, "maxiter": 100, "maxls": 10},
    )
    return np.asarray(result.x, dtype=np.float64)


# The NLL over rows with its derivatives in the inverse temperature.


@dataclass(frozen=True)
class NllSums(Sums):
    """The NLL summed over rows, with its derivatives in the inverse temperature beta = 1/T.

    ``nll = sum_i w_i (logsumexp(beta z_i) - beta t_i)`` with t the score of the label; its first
    three derivatives in beta; the first two also by part, ``(2, parts)``.
    """

    weight: float
    nll: float
    gradient: float
    curvature: float
    third: float
    by_part: Float64

    @property
    def spread(self) -> float:
        """The standard error of beta from the plain sandwich, ``sqrt(sum gradient²) / curvature``.

        Reference: White (1982), Maximum likelihood estimation of misspecified models.
        """
        return float(np.sqrt(np.square(self.by_part[0]).sum()) / self.curvature)

    def half_width(self) -> float | None:
        """Half of the 95 % interval of beta at the optimum; None for one part.

        The jackknife's, which is the sandwich but for the leverage of a part: what beta would lose
        without the part is its gradient over the curvature of the others.
        Reference: MacKinnon & White (1985), Some heteroskedasticity-consistent covariance matrix
        estimators.
        """
        gradient, curvature = self.by_part
        n_parts = int(np.count_nonzero(curvature))
        if n_parts < 2:
            return None
        error = float(jackknife(leave_out(gradient, curvature), n_parts))
        return student_95(effective(curvature)) * error


@dataclass(frozen=True)
class NllStep:
    """The step that adds up the NLL at inverse temperature ``beta``, with its derivatives.

    With p = softmax(beta z): gradient = E_p[z] - t, curvature = Var_p[z], and the third
    derivative is the third central moment of z. ``magnitude`` bounds ``|z|`` (inf if unknown).
    """

    beta: float
    magnitude: float

    def __call__(self, block: Block) -> NllSums:
        k = exponentials(block.logits, self.beta, self.magnitude)
        total = k.e.sum(axis=k.axis).astype(np.float64)
        mean = row_dot(k.x, k.e, k.axis) / total
        np.multiply(k.x, k.e, out=k.e)
        mean_square = row_dot(k.x, k.e, k.axis) / total
        np.multiply(k.x, k.e, out=k.e)
        mean_cube = row_dot(k.x, k.e, k.axis) / total
        target = target_scores(block.logits, block) - k.shift
        nll = np.log(total) - self.beta * target
        gradient = k.unit * mean - target
        curvature = k.unit**2 * np.maximum(mean_square - mean * mean, 0.0)
        third = k.unit**3 * (mean_cube - 3 * mean * mean_square + 2 * mean**3)
        w = block.weight
        first_two = np.stack([w * gradient, w * curvature])
        return NllSums(
            weight=float(w.sum()),
            nll=float((w * nll).sum()),
            gradient=float((w * gradient).sum()),
            curvature=float((w * curvature).sum()),
            third=float((w * third).sum()),
            by_part=sum_by_part(first_two, block.part),
        )
