"""Cases: a command line and the files it is run on, valid ones with something odd in them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from fuzz.tables import table
from fuzz.values import (
    TEXTS,
    Rng,
    as_json,
    npy,
    npz,
    odd_array,
    odd_bytes,
    odd_json,
    odd_text,
    pick,
    some,
)


@dataclass
class Case:
    """Arguments of the command line, and the files by name."""

    arguments: list[str]
    files: dict[str, bytes] = field(default_factory=dict)


@dataclass
class Rows:
    """Scores and labels that fit together, before anything odd is done to them."""

    task: str
    logits: np.ndarray
    labels: np.ndarray
    n_columns: int

    @staticmethod
    def of(rng: Rng, task: str | None = None) -> Rows:
        task = task or pick(rng, ("multiclass", "multiclass", "binary", "multilabel", "soft"))
        n, k = int(pick(rng, (1, 2, 3, 4, 6, 10, 12, 30))), int(pick(rng, (2, 3, 4, 7)))
        shape = (n,) if task == "binary" else (n, k)
        logits = rng.normal(size=shape) * pick(rng, (0.1, 1.0, 5.0, 40.0))
        if some(rng, 0.1):
            logits = np.round(logits)
        if task in ("binary", "multilabel"):
            labels = (logits + rng.normal(size=shape) * 2 > 0).astype(np.int64)
            if some(rng, 0.1):
                labels = labels * 0.9
        elif task == "soft":
            labels = rng.dirichlet(np.ones(k), n)
        else:
            labels = (logits + rng.gumbel(size=shape)).argmax(axis=1)
        logits = logits.astype(pick(rng, ("f2", "f4", "f4", "f8")))
        columns = 1 if task == "binary" else k
        return Rows(task, logits, labels, columns)


def arrays(rng: Rng, case: Case, rows: Rows, *, labelled: bool = True) -> list[str]:
    """Write scores and labels to the case; returns the arguments that name them."""
    if rows.logits.ndim == 2 and rows.task == "multiclass" and some(rng, 0.25):
        name, content = table(rng, rows.logits, rows.labels)
        case.files[name] = content
        return [name, *([f"{name}:label"] if labelled and some(rng, 0.3) else [])]
    held = {"logits": rows.logits, **({"labels": rows.labels} if labelled else {})}
    if some(rng, 0.5):
        name = pick(rng, ("logits", "logits", *held))
        held[name] = odd_array(rng, held[name])
    if some(rng, 0.25):
        content = npz(rng, **held)
        case.files["a.npz"] = odd_bytes(rng, content) if some(rng, 0.3) else content
        return [pick(rng, ("a.npz", "a.npz", "a.npz:logits"))] + (
            ["a.npz:labels"] if labelled and some(rng, 0.5) else []
        )
    names = {"logits": "z.npy", "labels": "y.npy"}
    for name, array in held.items():
        content = npy(array)
        case.files[names[name]] = odd_bytes(rng, content) if some(rng, 0.08) else content
    return [names[name] for name in held]


def per_row(rng: Rng, case: Case, n: int) -> list[str]:
    """Weights, clusters and groups: now and then, now and then odd."""
    given: list[str] = []
    if some(rng, 0.3):
        weights = rng.integers(0, 3, n).astype(np.float64) * pick(rng, (1.0, 1e-200, 1e200, 0.1))
        if some(rng, 0.3):
            weights = odd_array(rng, weights)
        case.files["w.npy"] = npy(weights)
        given += ["--weights", "w.npy"]
    if some(rng, 0.15):
        clusters = rng.integers(0, max(1, n // 2), n)
        case.files["u.npy"] = npy(odd_array(rng, clusters) if some(rng, 0.3) else clusters)
        given += ["--cluster", "u.npy"]
    return given


def texts(rng: Rng, lines: list[str]) -> bytes:
    content = "\n".join(lines) + "\n"
    return odd_text(rng, content, "\n") if some(rng, 0.4) else content.encode()


def reading(rng: Rng, rows: Rows) -> list[str]:
    given = ["--task", "multilabel"] if rows.task == "multilabel" else []
    if some(rng, 0.1):
        given += ["--scores", pick(rng, ("logits", "probabilities", "log-probabilities"))]
    if some(rng, 0.08):
        offsets = ("0", "1", "-1", "300", "9223372036854775808", "-9223372036854775809", "x")
        given += ["--label-offset", pick(rng, offsets)]
    if some(rng, 0.08):
        given += ["--ignore-label", pick(rng, ("0", "-100", "255", "9" * 30))]
    if some(rng, 0.05):
        given += ["--task", pick(rng, ("binary", "multiclass", "multilabel"))]
    return given


def calibrator(rng: Rng, rows: Rows) -> bytes:
    """The file of a calibrator, as a rule of these rows."""
    per_label = rows.task == "multilabel" and some(rng, 0.5)
    temperatures = [1.5] * rows.n_columns
    content: dict[str, Any] = {
        "schema": "calibrate.calibrator/1",
        "method": "per-label-temperature" if per_label else "temperature",
        "parameters": {"temperatures": temperatures} if per_label else {"temperature": 1.5},
        "classes": 2 if rows.task in ("binary", "multilabel") else rows.n_columns,
        "labels": rows.n_columns if rows.task == "multilabel" else None,
        "fitted": {
            "rows": 10,
            "nll": 0.5,
            "version": "0.1.0",
            "intervals": {},
            "converged": True,
            "fingerprint": "0" * 32,
            "label_smoothing": None,
        },
    }
    if some(rng, 0.5):
        content = odd_json(rng, content)
    written = as_json(content)
    return odd_bytes(rng, written) if some(rng, 0.15) else written


def fit(rng: Rng) -> Case:
    case, rows = Case(["fit"]), Rows.of(rng)
    case.arguments += arrays(rng, case, rows) + reading(rng, rows)
    case.arguments += per_row(rng, case, len(rows.logits))
    if rows.task == "multilabel" and some(rng, 0.4):
        case.arguments += ["--per-label"]
    if some(rng, 0.1):
        amounts = ("0.1", "0", "1", "1e-310", "nan", "0.999999")
        case.arguments += ["--label-smoothing", pick(rng, amounts)]
    return formatted(rng, case)


def apply(rng: Rng) -> Case:
    case, rows = Case(["apply"]), Rows.of(rng)
    case.arguments += arrays(rng, case, rows, labelled=False)
    if rows.task == "multilabel":
        case.arguments += ["--task", "multilabel"]
    if some(rng, 0.3):
        numbers = ("2", "0.5", "1e-310", "1e-300", "1e300", "0", "nan", "inf", "-1", "1_0")
        case.arguments += [f"--temperature={pick(rng, numbers)}"]
    else:
        case.files["c.json"] = calibrator(rng, rows)
        case.arguments += ["-c", "c.json"]
    if some(rng, 0.3):
        case.arguments += ["--as", pick(rng, ("probabilities", "log-probabilities", "logits"))]
    return case


def report(rng: Rng) -> Case:
    case = Case(["report"])
    if some(rng, 0.5):
        case.files["p.csv"] = predictions(rng)
        case.arguments += ["p.csv"]
    else:
        rows = Rows.of(rng)
        case.arguments += arrays(rng, case, rows) + reading(rng, rows)
        case.arguments += per_row(rng, case, len(rows.logits))
        if some(rng, 0.3):
            case.files["c.json"] = calibrator(rng, rows)
            case.arguments += ["-c", "c.json"]
        elif some(rng, 0.3):
            case.arguments += ["--fit"]
        if some(rng, 0.3):
            case.files["n.txt"] = texts(rng, [f"class {i}" for i in range(rows.n_columns)])
            case.arguments += ["--class-names", "n.txt"]
        if some(rng, 0.3):
            case.files["g.txt"] = texts(rng, [f"g{i % 2}" for i in range(len(rows.logits))])
            case.arguments += ["--groups", "g.txt"]
    drawn = pick(rng, ("reliability", "risk-coverage"))
    case.arguments += ["--bootstrap", "3", "--dpi", "30", "--plots", drawn]
    if some(rng, 0.2):
        case.arguments += ["--n-bins", pick(rng, ("1", "2", "200", "10001", "x"))]
    return formatted(rng, case)


def predictions(rng: Rng) -> bytes:
    names = pick(rng, (("cat", "dog", "emu"), ("0", "1", "2"), ("1.0", "1", "2e0")))
    rows = [
        f"{pick(rng, names)},{pick(rng, names)},{rng.random():.3f}"
        for _ in range(int(rng.integers(1, 12)))
    ]
    content = "\n".join(["true_label,pred_label,confidence", *rows]) + "\n"
    return odd_text(rng, content) if some(rng, 0.7) else content.encode()


def thresholds(rng: Rng) -> Case:
    case, rows = Case(["thresholds"]), Rows.of(rng, pick(rng, ("binary", "multilabel")))
    case.arguments += arrays(rng, case, rows) + reading(rng, rows)
    case.arguments += per_row(rng, case, len(rows.logits))
    goals = ("f1", "precision=0.9", "recall=0.5", "cost=1:5", "cost=1:1e99")
    odd = ("precision=nan", "cost=0:0", "recall=1e-310", "cost=inf:1", "f1=1", "x" * 200)
    case.arguments += ["--for", pick(rng, goals if some(rng, 0.9) else odd)]
    if some(rng, 0.2):
        case.arguments += ["--confidence", pick(rng, ("0.9", "0.5", "0", "1", "nan", "1e-310"))]
    if some(rng, 0.3):
        case.files["n.txt"] = texts(rng, [f"label {i}" for i in range(rows.n_columns)])
        case.arguments += ["--class-names", "n.txt"]
    return formatted(rng, case)


def targets(rng: Rng) -> Case:
    case, rows = Case(["targets"]), Rows.of(rng, "multiclass")
    if some(rng, 0.5):
        labels = odd_array(rng, rows.labels) if some(rng, 0.5) else rows.labels
        case.files["y.npy"] = npy(labels)
        amount = pick(rng, ("0.1", "0", "1e-310", "0.9999", "1", "nan", "s.npy", "s.npy"))
        case.files["s.npy"] = npy(odd_array(rng, rng.random(len(rows.logits)) * 0.5))
        case.arguments += [
            "labels",
            "y.npy",
            "--n-classes",
            str(rows.n_columns),
            "--smoothing",
            amount,
        ]
    else:
        names = arrays(rng, case, rows, labelled=some(rng, 0.3))
        case.arguments += ["teacher", *(f"--labels={n}" if i else n for i, n in enumerate(names))]
        way = pick(rng, (["--temperature", "2"], ["--entropy", "0.3"], ["--entropy", "1e-310"]))
        case.arguments += way
        if some(rng, 0.3):
            case.arguments += ["--mix", pick(rng, ("0.5", "0", "1", "nan"))]
    return formatted(rng, case)


def compare(rng: Rng) -> Case:
    case, rows = Case(["compare"]), Rows.of(rng)
    *logits, labels = [*arrays(rng, case, rows), "y.npy"][:2]
    case.files.setdefault("y.npy", npy(rows.labels))
    case.files["z2.npy"] = npy(rows.logits[::-1].astype(np.float64))
    case.arguments += [*logits, "z2.npy", labels, "--dpi", "30", *reading(rng, rows)]
    case.arguments += per_row(rng, case, len(rows.logits))
    return formatted(rng, case)


def clusters(rng: Rng) -> Case:
    case, rows = Case(["clusters"]), Rows.of(rng, "multiclass")
    case.arguments += arrays(rng, case, rows)
    case.arguments += ["--classes", pick(rng, ("0,1,2", "0,1", "0,0,1", "0,1,9", "x,y,z"))]
    case.arguments += ["--bootstrap", "3", "--dpi", "30"]
    return formatted(rng, case)


def formatted(rng: Rng, case: Case) -> Case:
    """The case with a format of the output, and now and then an odd argument."""
    if some(rng, 0.6):
        case.arguments += ["--format", pick(rng, ("json", "markdown", "text"))]
    if some(rng, 0.05):
        more = ("--seed", "--name", "--nothing", "--workers", "-o", "--n-bins", "")
        odd = [text for text in TEXTS if "\x00" not in text and "/" not in text]
        case.arguments += [pick(rng, more), pick(rng, odd)]
    return case


COMMANDS: dict[str, tuple[Callable[[Rng], Case], float]] = {
    "fit": (fit, 30),
    "apply": (apply, 25),
    "thresholds": (thresholds, 20),
    "targets": (targets, 17),
    "report": (report, 5),
    "compare": (compare, 1),
    "clusters": (clusters, 2),
}


def case_of(seed: int, number: int, only: str | None = None) -> Case:
    """The case of a number, the same whenever it is asked for."""
    rng = np.random.default_rng([seed, number])
    shares = np.array([share for _, share in COMMANDS.values()])
    name = only or list(COMMANDS)[int(rng.choice(len(COMMANDS), p=shares / shares.sum()))]
    return COMMANDS[name][0](rng)
