"""Labels given as text, matched to the names of classes."""

from __future__ import annotations

import numpy as np
import pytest

import calibrate
from calibrate.data import labels as text_labels

Z = np.array([[1.0, 2.0, 0.5], [0.3, 0.1, 4.0], [2.0, 0.2, 0.1], [0.1, 0.2, 0.9]])
Y = [1, 2, 0, 2]
NAMES = ("dog", "Cat", "sea lion")


def classes(labels: object, names: tuple[str, ...] | None = NAMES, **reading: object) -> list[int]:
    given = calibrate.Reading(class_names=names, **reading)
    return calibrate.Dataset.of(Z, labels, reading=given).read(0, 4).labels.tolist()


@pytest.mark.parametrize(
    "labels",
    [
        ["Cat", "sea lion", "dog", "sea lion"],
        [" Cat", "'sea lion'", "dog ", '"sea lion"'],
        ["CAT", "Sea Lion", "\ufeffDOG", "sea lion"],
        np.array(["Cat", "sea lion", "dog", "sea lion"], dtype=object),
        np.array([b"Cat", b"sea lion", b"dog", b"sea lion"]),
        np.array([["Cat"], ["sea lion"], ["dog"], ["sea lion"]]),
        ["1", "2", "0", "2"],
        [" 1.0", "2.0", "0", "2"],
    ],
)
def test_texts_are_the_classes_meant(labels):
    assert classes(labels) == Y


def test_the_case_decides_where_two_names_differ_by_it():
    assert classes(["A", "b", "a", "b"], ("a", "A", "b")) == Y
    with pytest.raises(calibrate.InputError, match="found 'BB' in row 1"):
        classes(["x", "BB", "x", "x"], ("x", "bb", "Bb"))
    with pytest.raises(calibrate.InputError, match="several classes are named 'b'"):
        classes(["a", "b", "a", "a"], ("a", "b", "b "))


def test_names_that_are_numbers_come_first():
    """The class named 1 is the first one here."""
    assert classes(["2", "3.0", "1", "3"], ("1", "2", "3")) == Y
    with pytest.raises(calibrate.InputError, match="found '0' in row 2"):
        classes(["1", "2", "0", "2"], ("1", "2", "3"))


def test_the_offset_and_the_ignored_label_are_those_of_numbers():
    assert classes(["Cat", "sea lion", "dog", "sea lion"], label_offset=1) == Y
    reading = calibrate.Reading(class_names=NAMES, ignore_label=-100)
    rows = calibrate.Dataset.of(Z, ["Cat", "-100", "dog", "sea lion"], reading=reading)
    assert rows.read(0, 3).labels.tolist() == [1, 0, 2]


def test_the_sorted_set_is_said():
    rows = calibrate.Dataset.of(Z, ["b", "c", "a", "c"])
    assert rows.read(0, 4).labels.tolist() == Y
    assert rows.class_names == ("a", "b", "c")
    assert rows.notes == ("labels matched to their sorted set: a, b, c",)


def test_yes_and_no():
    rows = calibrate.Dataset.of(Z[:, 0], ["yes", "no", "yes", "no"])
    assert (rows.task, rows.read(0, 4).labels.tolist()) == ("binary", [1, 0, 1, 0])


@pytest.mark.parametrize(
    ("labels", "names", "said"),
    [
        (["Cat", "dgo", "dog", "dog"], NAMES, "found 'dgo' in row 1; did you mean 'dog'"),
        (["Cat", "", "dog", "dog"], NAMES, "found nothing in row 1"),
        (["Cat", "zebra", "dog", "dog"], NAMES, "the classes are dog, Cat, sea lion"),
        (["Cat", "1", "dog", "dog"], NAMES, "found '1' in row 1"),
        (["Cat", "dog", "dog", "dog"], NAMES[:2], "expected 3 names, one per class, found 2"),
        (["a", "b", "a", "b"], None, "3 different names, one per class, found 2: a, b"),
        (["a", "b", "c", ""], None, "found nothing in row 3"),
        (["7", "0", "0", "0"], None, "expected labels from 0 to 2"),
        (["0.5", "0", "0", "0"], None, "not whole"),
    ],
)
def test_what_is_no_class_is_told(labels, names, said):
    with pytest.raises(calibrate.InputError) as told:
        classes(labels, names)
    assert said in str(told.value)


def test_the_first_bad_row_is_found_in_any_block(monkeypatch):
    monkeypatch.setattr(text_labels, "BLOCK", 2)
    with pytest.raises(calibrate.InputError, match="in row 3"):
        classes(["Cat", "dog", "dog", "eel"])


def test_names_in_another_order_than_the_header_are_refused(tmp_path):
    (tmp_path / "a.csv").write_text("b,a,label\n0.5,1,a\n1,0.5,b\n")
    with pytest.raises(calibrate.InputError, match="the order of the header of the scores, b, a"):
        calibrate.open_dataset(
            str(tmp_path / "a.csv"), reading=calibrate.Reading(class_names=("a", "b"))
        )


def test_the_command_takes_texts_and_says_how(run, tmp_path):
    rng = np.random.default_rng(1)
    z = rng.normal(scale=3, size=(300, 3))
    y = (z / 2 + rng.gumbel(size=z.shape)).argmax(axis=1)
    np.save(tmp_path / "z.npy", z)
    np.save(tmp_path / "y.npy", y)
    rows = "".join(",".join(map(repr, row)) + "\n" for row in z.tolist())
    (tmp_path / "z.csv").write_text(",".join(NAMES) + "\n" + rows)
    texts = [NAMES[i] for i in y]
    (tmp_path / "y.txt").write_text("\n".join(texts) + "\n")
    np.save(tmp_path / "t.npy", np.array(texts))
    (tmp_path / "n.txt").write_text("\n".join(NAMES) + "\n")
    plain = run("fit", "z.npy", "y.npy", "--class-names", "n.txt", "--format", "json")
    for files, how in (
        (("z.csv", "y.txt"), "the class names of the header"),
        (("z.csv", "t.npy"), "the class names of the header"),
        (("z.npy", "y.txt", "--class-names", "n.txt"), "the class names of the list given"),
    ):
        done = run("fit", *files, "--format", "json")
        assert f"labels matched to {how}\n" in done.stderr
        pairs = zip(done.stdout.splitlines(), plain.stdout.splitlines(), strict=True)
        differing = [one for one, two in pairs if one != two]
        assert all('"logits"' in line or '"labels"' in line for line in differing)


def test_reports_name_the_classes_of_the_header(run, tmp_path):
    rng = np.random.default_rng(1)
    z = rng.normal(scale=3, size=(300, 3))
    y = (z / 2 + rng.gumbel(size=z.shape)).argmax(axis=1)
    rows = "".join(
        ",".join([*map(repr, row), NAMES[i]]) + "\n" for row, i in zip(z.tolist(), y, strict=True)
    )
    (tmp_path / "z.csv").write_text(",".join([*NAMES, "label"]) + "\n" + rows)
    done = run("report", "z.csv", "--all", "--classes", "sea lion", "--bootstrap", "0")
    assert done.returncode == 0, done.stderr
    assert all(name in done.stdout for name in NAMES)
