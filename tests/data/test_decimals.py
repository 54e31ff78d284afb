"""Numbers in text become the nearest float64, as Python's ``float`` has them, to the last bit."""

from __future__ import annotations

import numpy as np
import pytest

from calibrate.data.readers.csv import Cells

RNG = np.random.default_rng(0)


def parsed(texts: list[str], columns: int = 1) -> np.ndarray | None:
    rows = [",".join(texts[i : i + columns]) for i in range(0, len(texts), columns)]
    cells = Cells.of("\n".join(rows).encode(), ",", columns)
    return None if cells is None else cells.numbers(tuple(range(columns)))


def random_texts(kind: str, n: int) -> list[str]:
    x = RNG.normal(size=n) * 10.0 ** RNG.integers(-3, 4, n)
    match kind:
        case "float32":
            return [f"{value:.9g}" for value in x.astype(np.float32)]
        case "float64":
            return [repr(value) for value in x.tolist()]
        case "few digits":
            return [f"{value:.3f}" for value in x]
        case "whole":
            return [str(value) for value in RNG.integers(-(10**8), 10**8, n)]
        case "signs and points":
            return [f"{sign}{i}.{j}" for sign, i, j in zip(
                RNG.choice(["", "+", "-"], n), RNG.choice(["", "0", "00", "7"], n),
                RNG.integers(0, 10**9, n), strict=True)]  # fmt: skip
        case "19 digits":
            return [f"{i}.{j:015d}" for i, j in RNG.integers(0, 9999, (n, 2))] + [
                f"0.{RNG.integers(10**17, 10**18)}{RNG.integers(10)}" for _ in range(n)
            ]
    raise ValueError(kind)


@pytest.mark.parametrize(
    "kind", ["float32", "float64", "few digits", "whole", "signs and points", "19 digits"]
)
@pytest.mark.parametrize("columns", [1, 4])
def test_the_nearest_number(kind, columns):
    texts = random_texts(kind, 20_000)
    found = parsed(texts, columns)
    assert found is not None, "such numbers are nothing odd"
    expected = np.array([float(text) for text in texts])
    assert np.array_equal(found.reshape(-1).view(np.uint64), expected.view(np.uint64))


def test_halfway_between_two_numbers():
    """2**53 + odd numbers, and those a digit away: the rounding is that of one division."""
    whole = [f"{(1 << 53) + i}" for i in range(-5, 60)]
    texts = [f"{text[:-8]}.{text[-8:]}" for text in whole]
    texts += [f"0.{int(text) * 11:018d}" for text in whole] + ["-0.0", "0", "-.5", "5.", "+1.25"]
    found = parsed(texts)
    assert found is not None
    assert found[:, 0].tolist() == [float(text) for text in texts]
    assert np.signbit(found[-5, 0])


@pytest.mark.parametrize(
    "odd",
    ["1e-05", "-inf", "nan", " 2.5", "123456789012345678901234567890", "0." + "1" * 40, "1E5"],
)
def test_odd_numbers_among_plain_ones(odd):
    texts = ["1.5"] * 200
    texts[77] = odd
    found = parsed(texts)
    assert found is not None
    np.testing.assert_array_equal(found[:, 0], [float(text) for text in texts])


@pytest.mark.parametrize("bad", ["", "-", ".", "1.2.3", "1,2", "a", "1_0", "--1", "1-", "١", "0x1"])
def test_what_is_no_number_is_left_to_be_told(bad):
    texts = ["1.5"] * 200
    texts[77] = bad
    assert parsed(texts) is None


def test_many_odd_numbers_are_left_to_another_way():
    assert parsed(["1e-5"] * 200) is None


def test_rows_of_another_length_are_none():
    assert Cells.of(b"1,2\n3\n4,5\n6,7,8\n", ",", 2) is None
    assert Cells.of(b"1,2\n\n3,4\n", ",", 2) is None
    cells = Cells.of(b"1,x,2\n3,long text,4\n5,,6", ",", 3)
    assert cells is not None
    assert cells.texts(1) == ["x", "long text", ""]
    assert cells.numbers((0, 2)).tolist() == [[1, 2], [3, 4], [5, 6]]
