"""Limits, an earlier report and drift: what fails, and what does not."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from conftest import gumbel_labels
from scipy.stats import norm

import calibrate
from calibrate import InputError, Measurement, Settings
from calibrate.analyses.checks import (
    Drift,
    Earlier,
    Requirements,
    against_checks,
    holm_adjusted,
    judge,
    paired_changes,
)
from calibrate.results.checks import Checks, Limit, Outcome
from calibrate.results.json import decode, read_result, to_dict, to_json

QUICK = Settings(full=False, bootstrap=0)
FULL = Settings(bootstrap=0)


def rows(n: int = 600, t: float = 2.0, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    z = rng.normal(scale=3, size=(n, 5))
    return z, gumbel_labels(z, t, rng)


@pytest.fixture(scope="module")
def report() -> calibrate.Report:
    """Through T = 2, which is true; two groups, of which "night" is far off."""
    z, y = rows()
    groups = np.where(np.arange(600) < 150, "night", "day")
    z = np.where((groups == "night")[:, None], 3 * z, z)
    return calibrate.evaluate(z, y, calibrate.Temperature(2.0), groups=groups, settings=QUICK)


def outcome(report, bound: str, text: str, *, confident: bool = False) -> str:
    asked = Requirements((Limit.of_text(bound, text),), confident=confident)
    return judge(report, asked).checks[0].outcome.value


def test_a_limit_is_on_the_last_side_unless_said(report):
    for side, name in ((report.metrics.before, "before."), (report.metrics.after, "after.")):
        value = side["nll"].value
        assert outcome(report, "max", f"{name}nll={value!r}") == "passed"
        assert outcome(report, "max", f"{name}nll={value - 1e-9!r}") == "failed"
        assert outcome(report, "min", f"{name}nll={value!r}") == "passed"
        assert outcome(report, "min", f"{name}nll={value + 1e-9!r}") == "failed"
    after = report.metrics.after["nll"].value
    assert outcome(report, "max", f"nll={after!r}") == "passed"
    change = report.metrics.change["nll"].value
    assert change < 0
    assert outcome(report, "max", "change.nll=0") == "passed"
    assert outcome(report, "max", f"change.nll={change - 1e-9!r}") == "failed"


def test_a_limit_on_a_group(report):
    by_name = {group.name: group.metrics.after["ece"].value for group in report.groups}
    assert by_name["night"] > by_name["day"] + 0.02
    between = (by_name["night"] + by_name["day"]) / 2
    assert outcome(report, "max", f"ece@group:night={between!r}") == "failed"
    assert outcome(report, "max", f"ece@group:day={between!r}") == "passed"


@pytest.mark.parametrize(("bound", "sign"), [("max", -1), ("min", 1)])
def test_confident_fails_only_where_the_whole_interval_is_beyond(report, bound, sign):
    figure = report.metrics.after["accuracy"]
    end = figure.low if bound == "max" else figure.high
    inside, beyond = (f"accuracy={end - sign * d!r}" for d in (1e-9, -1e-9))
    assert outcome(report, bound, inside) == "failed"
    assert outcome(report, bound, inside, confident=True) == "passed"
    assert outcome(report, bound, beyond, confident=True) == "failed"


def test_what_is_not_known_is_no_pass(report):
    bare = {"nll": Measurement(None), "ece": Measurement(0.5)}
    metrics = replace(report.metrics, after={**report.metrics.after, **bare})
    report = replace(report, metrics=metrics)
    assert outcome(report, "max", "nll=9") == "failed"
    assert outcome(report, "max", "nll=9", confident=True) == "failed"
    assert outcome(report, "max", "ece=0.1") == "failed"
    found = judge(report, Requirements((Limit("max", "ece", 0.1),), confident=True))
    assert found.checks[0].outcome is Outcome.undecided
    assert found.passed
    assert "ece: could not be judged on these rows" in found.warnings


@pytest.mark.parametrize(
    ("bound", "text", "said"),
    [
        ("max", "ece", "`max`: expected NAME=NUMBER, as in ece=0.03"),
        ("max", "ece=3%", "`max`: expected NAME=NUMBER"),
        ("max", "ece<=0.03", "`max`: expected NAME=NUMBER"),
        ("max", "ece=nan", "`max`: expected NAME=NUMBER"),
        ("max", "ece@night=0.1", "`max`: expected NAME=NUMBER"),
        ("min", "acuracy=0.9", "did you mean accuracy?"),
        ("max", "chnage.nll=0", "did you mean change?"),
        ("max", "ece=3", "from 0 to 1 is possible, got 3; did you mean 0.03?"),
        ("min", "nll=-1", "0 or more is possible, got -1"),
        ("max", "change.brier=2.5", "from -2 to 2 is possible"),
        ("max", "auroc=0.5", "is not measured on these rows; expected one"),
        ("max", "ece@group:nihgt=0.1", "did you mean night?"),
        ("max", "ks@group:night=0.1", "expected one of groups: accuracy"),
    ],
)
def test_limits_that_are_none(report, bound, text, said):
    with pytest.raises(InputError) as error:
        outcome(report, bound, text)
    assert said in str(error.value)


def test_names_are_taken_as_elsewhere():
    limit = Limit.of_text("max", "Smooth-ECE@group:a=b c=0.5")
    assert (limit.metric, limit.group, limit.value) == ("smooth_ece", "a=b c", 0.5)
    assert Limit.of_name("max", limit.name, 0.5, "") == limit


def test_no_calibrator_no_change_and_no_groups():
    found = calibrate.evaluate(*rows(), settings=QUICK)
    for text, said in (("change.nll=0", "`calibrator`"), ("ece@group:a=0.1", "`groups`")):
        with pytest.raises(InputError, match=said):
            outcome(found, "max", text)


def drift(report, **how) -> object:
    return judge(report, Requirements(drift=Drift(**how))).checks[0]


def through(t: float, n: int = 3000, **more) -> calibrate.Report:
    z, y = rows(n)
    return calibrate.evaluate(z, y, calibrate.Temperature(t), settings=FULL, **more)


def test_drift_needs_a_test_that_rejects_and_a_distance():
    right, near, far = through(2.0), through(2.25), through(3.0)
    assert drift(right).outcome is Outcome.passed
    assert drift(far).outcome is Outcome.failed
    assert drift(far).measured.value == pytest.approx(calibrate.fit(*rows(3000)).temperature)
    assert drift(near, size=0.0).outcome is Outcome.failed  # that T is off is told
    assert drift(near, size=0.25).outcome is Outcome.passed  # but it is not far
    assert drift(near, size=0.0, alpha=1e-12).outcome is Outcome.passed


def test_drift_where_there_can_be_none():
    z, y = rows()
    fit = calibrate.fit(z, y)
    for found, said in (
        (calibrate.evaluate(z, y, fit, settings=FULL), "these very rows chose T"),
        (calibrate.cross_evaluate(z, y, settings=FULL), "these very rows chose T"),
        (calibrate.evaluate(z, y, settings=FULL), "give `calibrator`"),
    ):
        with pytest.raises(InputError, match=said):
            drift(found)
    for wrong in ({"alpha": 0.0}, {"alpha": float("nan")}, {"size": -0.1}):
        with pytest.raises(InputError, match="expected a"):
            Drift(**wrong)
    few = calibrate.evaluate(z[:12], y[:12], calibrate.Temperature(2.0), settings=FULL)
    assert drift(few).outcome is Outcome.undecided


def test_holm():
    """Adjusted as statsmodels 0.14's multipletests(p, method="holm") does."""
    p = {"a": 0.01, "b": 0.04, "c": 0.03, "d": 0.005}
    assert holm_adjusted(p) == pytest.approx({"d": 0.02, "a": 0.03, "c": 0.06, "b": 0.06})


def test_other_rows_are_compared_by_their_intervals():
    now, then = (calibrate.evaluate(*rows(600, t, seed), settings=QUICK)
                 for t, seed in ((2.5, 1), (2.0, 2)))  # fmt: skip
    found = {c.name: c for c in against_checks(now, Earlier("r.json", then), None)}
    assert set(found) == {"against.accuracy", "against.nll", "against.brier", "against.ece"}
    a, b = now.metrics.before["brier"], then.metrics.before["brier"]
    reach = np.hypot(a.value - a.low, b.high - b.value)
    brier = found["against.brier"]
    assert brier.measured.low == pytest.approx(a.value - b.value - reach)
    assert brier.paired is False
    alone = norm.sf(1.959964 * (a.value - b.value) / reach)
    assert alone <= brier.p_value <= 4 * alone
    assert brier.outcome is Outcome.failed
    back = against_checks(then, Earlier("r.json", now), None)
    assert {c.outcome for c in back} == {Outcome.passed}


def test_the_same_rows_are_paired():
    z, y = rows()
    dataset = calibrate.Dataset.of(z, y)
    t = {name: calibrate.Temperature(value) for name, value in (("then", 2.0), ("now", 2.15))}
    now, then = (calibrate.evaluate(dataset, calibrator=t[name], settings=QUICK)
                 for name in ("now", "then"))  # fmt: skip
    earlier = Earlier("r.json", then)
    change = paired_changes(now, earlier, dataset, t["now"])
    nll = next(c for c in against_checks(now, earlier, change) if c.name == "against.nll")
    alone = next(c for c in against_checks(now, earlier, None) if c.name == "against.nll")
    assert nll.paired
    assert nll.measured.value == pytest.approx(alone.measured.value, abs=1e-9)

    def width(check):
        return check.measured.high - check.measured.low

    assert width(nll) < width(alone) / 5
    again = against_checks(then, earlier, paired_changes(then, earlier, dataset, t["then"]))
    assert all(c.outcome is Outcome.passed and c.p_value == 1 for c in again)


def test_what_only_looks_like_the_same_rows_is_not_paired():
    z, y = rows()
    report = calibrate.evaluate(z, y, settings=QUICK)
    earlier = Earlier("r.json", report)
    dataset = calibrate.Dataset.of(z, y)
    assert paired_changes(report, earlier, dataset, None) is not None
    moved = {**report.metrics.before, "nll": Measurement(0.1, 0.0, 0.2)}
    edited = replace(report, metrics=replace(report.metrics, before=moved))
    assert paired_changes(report, Earlier("r.json", edited), dataset, None) is None
    other = calibrate.evaluate(z[::-1], y[::-1], settings=QUICK)
    assert paired_changes(other, earlier, calibrate.Dataset.of(z[::-1], y[::-1]), None) is None


def test_an_earlier_report_of_something_else():
    now = calibrate.evaluate(*rows(), settings=QUICK)
    rng = np.random.default_rng(0)
    z = rng.normal(size=200)
    binary = calibrate.evaluate(z, (rng.random(200) < 0.5).astype(int), settings=QUICK)
    other = calibrate.evaluate(*rows(), settings=replace(QUICK, n_bins=10))
    for then, said in ((binary, "is about binary"), (other, '`n_bins="10"`')):
        with pytest.raises(InputError, match=said):
            against_checks(now, Earlier("r.json", then), None)


def test_a_fit_that_stopped_and_rows_that_do_not_belong_together_fail():
    z, y = rows()
    shuffled = np.random.default_rng(1).permutation(y)
    found = judge(calibrate.evaluate(z, shuffled, settings=QUICK), Requirements())
    assert [(c.name, c.outcome.value) for c in found.checks] == [("relation", "failed")]
    separable = calibrate.fit(z, z.argmax(axis=1))
    assert not separable.converged
    found = judge(calibrate.evaluate(z, y, separable, settings=QUICK), Requirements())
    outcomes = {c.name: c.outcome.value for c in found.checks}
    assert outcomes == {"converged": "failed", "relation": "passed"}
    assert not found.passed


def test_json_in_both_directions(report, tmp_path):
    asked = Requirements((Limit("max", "ece", 0.01, group="night"), Limit("min", "accuracy", 0.1)))
    found = replace(judge(report, asked, Earlier("r.json", report)), warn_only=True)
    (tmp_path / "c.json").write_text(to_json(found))
    assert read_result(Checks, tmp_path / "c.json") == found
    content = to_dict(found)
    assert content["schema"] == "calibrate.check/1"
    content["checks"][1]["outcome"] = "maybe"
    with pytest.raises(InputError, match=r"c\.checks\[1\]\.outcome: expected passed or failed"):
        decode(Checks, content, "c")


def test_a_calibrator_of_an_earlier_report_that_is_none():
    z, y = rows()
    dataset = calibrate.Dataset.of(z, y)
    report = calibrate.evaluate(dataset, calibrator=calibrate.Temperature(2.0), settings=QUICK)
    for change, said in (
        ({"parameters": {"temperature": -1.0}}, r"r\.json\.calibrator\.parameters: temperature"),
        ({"method": "magic"}, r"r\.json\.calibrator\.method: expected one of"),
        (
            {"method": "per-label-temperature", "parameters": {"temperatures": (1.0, 2.0)}},
            r"r\.json\.calibrator: does not fit these rows",
        ),
    ):
        edited = replace(report, calibrator=replace(report.calibrator, **change))
        with pytest.raises(InputError, match=said):
            paired_changes(report, Earlier("r.json", edited), dataset, calibrate.Temperature(2.0))
