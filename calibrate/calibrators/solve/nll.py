"""The NLL over rows with its derivatives in the inverse temperature."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from calibrate.blocks.block import Block, sum_by_example
from calibrate.blocks.softmax import exponentials, row_dot, target_scores
from calibrate.blocks.sums import Sums


@dataclass(frozen=True)
class NllSums(Sums):
    """The NLL summed over rows, with its derivatives in the inverse temperature beta = 1/T.

    ``nll = sum_i w_i (logsumexp(beta z_i) - beta t_i)`` with t the score of the label; its first
    three derivatives in beta, and the sum of the squared ``w_i·gradient_i`` (sandwich).
    """

    weight: float
    nll: float
    gradient: float
    curvature: float
    third: float
    squared_gradient: float
    rows: int  # or examples, of positive weight


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
        return NllSums(
            weight=float(w.sum()),
            nll=float((w * nll).sum()),
            gradient=float((w * gradient).sum()),
            curvature=float((w * curvature).sum()),
            third=float((w * third).sum()),
            squared_gradient=float(np.square(sum_by_example(w * gradient, block.examples)).sum()),
            rows=int(np.count_nonzero(sum_by_example(w, block.examples))),
        )
