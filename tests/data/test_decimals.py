"""Numbers in text become the nearest float64, as Python's ``float`` has them, to the last bit."""

from __future__ import annotations

import numpy as np
import pytest

import calibrate
from calibrate.data.column import everything
from calibrate.data.readers.open import open_column

RNG = np.random.default_rng(0)


@pytest.fixture
def parsed(tmp_path):
    def parse(texts: list[str], columns: int = 1, quote: str = "") -> np.ndarray:
        rows = [texts[i : i + columns] for i in range(0, len(texts), columns)]
        lines = ["x" * (i + 1) for i in range(columns)], *rows
        content = "".join(",".join(quote + t + quote for t in line) + "\n" for line in lines)
        (tmp_path / "a.csv").write_text(content)
        return everything(open_column(f"{tmp_path}/a.csv", "weights" if columns == 1 else "logits"))

    return parse


def random_texts(kind: str, n: int) -> list[str]:
    x = RNG.normal(size=n) * 10.0 ** RNG.integers(-3, 4, n)
    match kind:
        case "float32":
            return [f"{value:.9g}" for value in x.astype(np.float32)]
        case "float64":
            return [repr(value) for value in x.tolist()]
        case "signs and points":
            return [f"{sign}{i}.{j}" for sign, i, j in zip(
                RNG.choice(["", "+", "-"], n), RNG.choice(["", "0", "00", "7"], n),
                RNG.integers(0, 10**9, n), strict=True)]  # fmt: skip
        case "19 digits":
            return [f"{i}.{j:015d}" for i, j in RNG.integers(0, 9999, (n, 2))]
    raise ValueError(kind)


@pytest.mark.parametrize("kind", ["float32", "float64", "signs and points", "19 digits"])
@pytest.mark.parametrize(("columns", "quote"), [(1, ""), (4, ""), (4, '"')])
def test_the_nearest_number(kind, columns, quote, parsed):
    texts = random_texts(kind, 4_000)
    expected = np.array([float(text) for text in texts])
    found = parsed(texts, columns, quote)
    assert found.shape == ((4_000,) if columns == 1 else (1_000, 4))
    assert np.array_equal(found.reshape(-1).view(np.uint64), expected.view(np.uint64))


def test_halfway_between_two_numbers(parsed):
    whole = [f"{(1 << 53) + i}" for i in range(-5, 60)]
    texts = [f"{text[:-8]}.{text[-8:]}" for text in whole]
    texts += [f"0.{int(text) * 11:018d}" for text in whole] + ["-0.0", "0", "-.5", "5.", "+1.25"]
    found = parsed(texts)
    assert found.tolist() == [float(text) for text in texts]
    assert np.signbit(found[-5])


@pytest.mark.parametrize(
    "odd",
    ["1e-05", "-inf", "nan", " 2.5", "1" * 30, "0." + "1" * 40, "1E5", "5e-324", "1e400"],
)
def test_odd_numbers(odd, parsed):
    np.testing.assert_array_equal(parsed(["1.5", odd, "2"]), [1.5, float(odd), 2])


@pytest.mark.parametrize("bad", ["-", ".", "1.2.3", "a", "1_0", "--1", "1-", "١", "0x1", "nan(1)"])
def test_what_is_no_number_is_told(bad, parsed):
    with pytest.raises(calibrate.InputError, match="line 3, column 'x': expected a number"):
        parsed(["1.5", bad, "2"])
