"""What a pass adds up: frozen dataclasses whose fields add up one by one."""

from __future__ import annotations

from dataclasses import dataclass, fields
from operator import add
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing_extensions import Self


@dataclass(frozen=True)
class Sums:
    """States of a pass: ``a + b`` adds each field of a to that of b.

    A field that adds up otherwise says so in its metadata: ``field(metadata=LEAST)``.
    """

    def __add__(self, other: Self) -> Self:
        return type(self)(
            **{
                field.name: field.metadata.get("merge", add)(
                    getattr(self, field.name), getattr(other, field.name)
                )
                for field in fields(self)
            }
        )


SAME = {"merge": lambda state, _: state}  # equal in all states
LEAST = {"merge": min}
GREATEST = {"merge": max}
# tuples of states; other tuples are strung together
EACH = {"merge": lambda a, b: tuple(x + y for x, y in zip(a, b, strict=True))}
