"""The pages, as a browser shows them."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from html.parser import HTMLParser
from importlib import resources
from pathlib import Path

import numpy as np
import pytest
from browser import NARROW, WIDE, Browser, find
from conftest import SAMPLES, gumbel_labels

import calibrate
from calibrate import Settings
from calibrate.errors import InputError
from calibrate.renderers.formats import FORMATS
from calibrate.renderers.pages import page as pages
from calibrate.renderers.parts import EVERYTHING
from calibrate.results.report import Provenance

pytest.importorskip("jinja2", reason="no jinja2: pages are the extra 'html'")

NASTY = (
    "<script>alert(1)</script>",
    "</script><img src=x onerror=alert(1)>",
    "]]>",
    "\"'`&amp;",
    "a\nb%0Ac\x1b[31m\u202e",
    "{{ 7 * 7 }}",
    "-->",
)
MNIST = SAMPLES / "mnist"
QUICK = Settings(bootstrap=50)

Page = Callable[[str], Path]


def html(result: object) -> str:
    return FORMATS["html"](result, EVERYTHING)


@pytest.fixture(scope="module")
def results() -> dict[str, object]:
    """One of each kind of page."""
    logits, labels = (np.load(MNIST / f"{name}_test.npy") for name in ("hard", "labels"))
    names = (*NASTY, *"789")
    names = names[:10]
    groups = np.array([f"{NASTY[i % 7]} {i % 3}" for i in range(len(labels))])
    report = calibrate.evaluate(
        logits,
        labels,
        calibrate.Temperature(2.0),
        groups=groups,
        settings=replace(QUICK, class_names=names),
    )
    report = replace(
        report, made=Provenance(f"calibrate report {NASTY[0]}", {"calibrate": NASTY[1]})
    )
    report = replace(report, data=replace(report.data, logits=NASTY[1], labels=NASTY[2]))
    rng = np.random.default_rng(3)
    z = rng.normal(size=500) * 3
    yes = calibrate.evaluate(z, (rng.random(500) < 1 / (1 + np.exp(-z / 2))) * 1, settings=QUICK)
    models = [calibrate.open_dataset(str(MNIST / f"{n}_test.npy"), str(MNIST / "labels_test.npy"))
              for n in ("hard", "smooth")]  # fmt: skip
    compared = calibrate.compare(zip(NASTY[:2], models, strict=True))
    top = calibrate.TopLabels((z > 0) * 1.0, 1 / (1 + np.exp(-np.abs(z))), 2)
    return {
        "report": report,
        "yes": yes,
        "compare": compared,
        "top": calibrate.evaluate_top_labels(top, settings=QUICK),
        "inspect": calibrate.inspect(str(MNIST / "hard_test.npy")),
    }


@pytest.fixture(scope="module")
def page(results: dict[str, object], tmp_path_factory: pytest.TempPathFactory) -> Page:
    folder = tmp_path_factory.mktemp("pages")
    for name, result in results.items():
        (folder / f"{name}.html").write_text(html(result), encoding="utf-8")
    return lambda name: folder / f"{name}.html"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    found = find()
    if isinstance(found, str):
        pytest.skip(found)
    opened = Browser(*found)
    yield opened
    opened.quit()


ALL = ("report", "yes", "compare", "top", "inspect")


@pytest.mark.parametrize("name", ALL)
def test_a_page_loads_alone_and_fits_the_screen(browser: Browser, page: Page, name: str):
    browser.requests()
    for width in (NARROW, WIDE):
        browser.open(page(name), width)
        assert browser.js("return innerWidth") == width
        root = "document.documentElement"
        assert browser.js(f"return {root}.scrollWidth <= {root}.clientWidth")
        out = """return [...document.querySelectorAll('body *')]
            .filter((e) => !e.closest('.scroll, .skip, svg') && e.getClientRects().length)
            .filter((e) => e.getBoundingClientRect().right > innerWidth + 1)
            .map((e) => e.outerHTML)"""
        assert browser.js(out) == []
        assert browser.logged() == []
    hidden = """return [...document.querySelectorAll('.scroll')]
        .some((e) => e.scrollWidth > e.clientWidth)"""
    assert not browser.js(hidden)  # on a wide screen no column waits behind a bar
    assert set(browser.requests()) <= {page(name).as_uri(), "data:,"}
    assert browser.js("return typeof window.hurt") == "undefined"


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("name", ALL)
def test_axe_finds_nothing_serious(browser: Browser, page: Page, name: str, dark: bool):
    axe = resources.files(pytest.importorskip("axe_core_python")).joinpath("axe.min.js")
    browser.open(page(name), NARROW if dark else WIDE, dark)
    browser.js(axe.read_text(encoding="utf-8"))
    found = browser.driver.execute_async_script(
        "axe.run().then((r) => arguments[0](r.violations.map((v) => [v.impact, v.id, "
        "v.nodes.map((n) => n.html)])))"
    )
    assert [each for each in found if each[0] in ("serious", "critical")] == []


def moved(browser: Browser, at: int) -> dict[str, str]:
    """What the page says with the slider at a point."""
    return browser.js(
        """const slider = document.getElementById('slider');
        slider.value = arguments[0];
        slider.dispatchEvent(new Event('input', {bubbles: true}));
        return Object.fromEntries(['t', 'error', 'nll', 'mean', 'exact'].map(
            (id) => [id, document.getElementById(id).textContent]))""",
        at,
    )


def test_the_slider_shows_what_the_command_prints(browser: Browser, tmp_path, run):
    files = str(MNIST / "hard_test.npy"), str(MNIST / "labels_test.npy")
    done = run("report", *files, "--temperature", 2, "--plots", "none", "--bootstrap", 0)
    assert done.returncode == 0, done.stderr
    browser.open(tmp_path / "report/report.html")
    last = int(browser.js("return document.getElementById('slider').max"))
    assert last == 199
    printed = {}
    for at in (70, last):
        shown = moved(browser, at)
        done = run(
            "report", *files, "--temperature", shown["exact"], "-o", "other",
            "--plots", "none", "--bootstrap", 0, "--metrics", "ece,nll,mean_confidence",
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        for line in done.stdout.splitlines():
            words = line.split()
            if words and words[0] in ("ece", "nll", "mean_confidence"):
                printed[words[0]] = words[2]
        assert [shown[n] for n in ("error", "nll", "mean")] == [
            printed[n] for n in ("ece", "nll", "mean_confidence")
        ]


def test_the_slider_moves_the_diagram_in_time(browser: Browser, page: Page, results):
    browser.open(page("report"))
    bins = results["report"].sweep.bins
    for at in (0, 120, 199):
        moved(browser, at)
        heights = browser.js(
            """return [...document.querySelectorAll('#live .bin')].map((bin) =>
            bin.classList.contains('empty') ? null
            : 1 - (Number(bin.querySelector('.accuracy').getAttribute('y1')) - 10) / 340)"""
        )
        for shown, known in zip(heights, bins.accuracy[at], strict=True):
            assert shown == (None if known is None else pytest.approx(known, abs=1e-3))
    milliseconds = browser.js(
        """const slider = document.getElementById('slider'), each = [];
        for (let at = 0; at < 200; at++) {
            const start = performance.now();
            slider.value = at;
            slider.dispatchEvent(new Event('input'));
            document.body.getBoundingClientRect();
            each.push(performance.now() - start);
        }
        return each.sort((a, b) => a - b)[190]"""
    )
    assert milliseconds < 50


@pytest.mark.parametrize("name", ["report", "yes"])
def test_the_script_draws_what_the_page_already_shows(browser: Browser, page: Page, name: str):
    """Without JavaScript, and before it runs, the diagram is that of the temperature in use."""
    what = """return [...arguments[0].querySelectorAll('#live .bin')].map((bin) => [
        bin.getAttribute('aria-label'), bin.getAttribute('class').trim(),
        ...[...bin.querySelectorAll(bin.matches('.empty') ? '.hit' : 'rect, line')]
        .flatMap((each) => ['y', 'height', 'y1', 'y2'].map(
        (a) => Number(each.getAttribute(a))))])"""
    browser.open(page(name))
    drawn = browser.js(what.replace("arguments[0]", "document"))
    parsed = "new DOMParser().parseFromString(arguments[0], 'text/html')"
    text = page(name).read_text(encoding="utf-8")
    static = browser.js(what.replace("arguments[0]", parsed), text)
    assert len(drawn) == 15
    for one, other in zip(drawn, static, strict=True):
        assert one[:2] == other[:2]
        assert one[2:] == pytest.approx(other[2:], abs=0.02)


def test_marks_lead_to_their_temperatures(browser: Browser, page: Page, results):
    browser.open(page("report"))
    assert browser.js("return document.getElementById('exact').textContent") == "2"
    browser.js("document.querySelector('[data-at].one').click()")
    assert browser.js("return document.getElementById('exact').textContent") == "1"
    before = results["report"].metrics.before
    said = [browser.js(f"return document.getElementById('{n}').textContent") for n in
            ("error", "nll", "mean")]  # fmt: skip
    assert said == [f"{before[n].value:.4f}" for n in ("ece", "nll", "mean_confidence")]
    browser.js("document.querySelector('[data-at].best').click()")
    best = float(browser.js("return document.getElementById('exact').textContent"))
    assert best == results["report"].sweep.best


def test_keys_hover_and_tap_show_a_bin(browser: Browser, page: Page):
    from selenium.webdriver import ActionChains, Keys
    from selenium.webdriver.common.by import By

    browser.open(page("report"))
    readout = browser.driver.find_element(By.ID, "readout")
    bins = browser.driver.find_elements(By.CSS_SELECTOR, "#live .bin")
    hits = browser.driver.find_elements(By.CSS_SELECTOR, "#live .hit")
    ActionChains(browser.driver).move_to_element(hits[-1]).perform()
    assert readout.text.startswith("confidence 0.933 to 1.000: ")
    browser.js("arguments[0].focus()", bins[0])
    ActionChains(browser.driver).send_keys(Keys.ARROW_LEFT, Keys.ARROW_LEFT).perform()
    assert readout.text.startswith("confidence 0.867 to 0.933: ")
    ActionChains(browser.driver).click(hits[9]).perform()
    before = readout.text
    assert before.startswith("confidence 0.600 to 0.667: ")
    moved(browser, 150)
    assert readout.text.startswith("confidence 0.600 to 0.667: ")
    assert readout.text != before
    slider = browser.driver.find_element(By.ID, "slider")
    slider.send_keys(Keys.HOME)
    assert browser.js("return document.getElementById('now').getAttribute('x1')") == "0"
    assert "ECE" in slider.get_attribute("aria-valuetext")


def test_tables_sort_by_numbers(browser: Browser, page: Page):
    browser.open(page("report"))
    column = """const head = [...document.querySelectorAll('thead th')]
        .find((th) => th.textContent === 'overconfidence'), table = head.closest('table');
        head.querySelector('button').click();
        return [head.getAttribute('aria-sort'), [...table.tBodies[0].rows]
        .map((row) => Number(row.cells[head.cellIndex].dataset.sort))]"""
    way, values = browser.js(column)
    assert (way, values) == ("ascending", sorted(values))
    way, values = browser.js(column)
    assert (way, values) == ("descending", sorted(values, reverse=True))


def test_the_legend_switches_models(browser: Browser, page: Page):
    browser.open(page("compare"))
    shown = """return [...document.querySelectorAll('svg [data-model]')]
        .filter((g) => g.getClientRects().length).map((g) => g.dataset.model + g.dataset.side)"""
    assert browser.js(shown) == ["0after", "1after"]
    browser.js("document.querySelector('[name=side][value=before]').click()")
    browser.js("document.getElementById('model-0').click()")
    assert browser.js(shown) == ["1before"]


class Elements(HTMLParser):
    """The elements of a page, and the texts of its scripts."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.handlers: list[str] = []
        self.scripts: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.handlers += [name for name, _ in attrs if name.startswith("on")]
        if tag == "script":
            self.scripts.append("")

    def handle_data(self, data: str) -> None:
        if self.lasttag == "script" and self.scripts:
            self.scripts[-1] += data


def test_the_key_names_what_is_drawn(results):
    """Where calibrated models lie is known at T = 1 and at the T in use, and of no other T."""
    band = re.compile('<li id="band-key"( hidden)?>')
    assert band.search(html(results["report"]))[1] is None
    z, y = (np.load(MNIST / f"{name}_test.npy")[:500] for name in ("hard", "labels"))
    crossed = html(calibrate.cross_evaluate(z, y, settings=QUICK))
    assert band.search(crossed)[1] == " hidden"
    assert 'class="gap ' in crossed


def test_a_curve_that_leaves_the_picture_ends_there():
    """Models of no errors: the NLL of T far below 1 is hundreds of times that of the best T."""
    points = re.compile(r'<polyline class="nll" points="([^"]*)"')
    rng = np.random.default_rng(0)
    z = rng.normal(size=(400, 5)) * 30
    y = np.where(rng.random(400) < 0.3, rng.integers(0, 5, 400), z.argmax(1))
    found = points.search(html(calibrate.evaluate(z, y, settings=QUICK)))[1].split()
    heights = [float(each.split(",")[1]) for each in found]
    assert 10 < len(found) < 200
    assert min(heights) >= -15
    assert heights[0] != heights[1]  # no flat line in its place


@pytest.mark.parametrize("name", ["report", "compare"])
def test_names_are_harmless(page: Page, name: str):
    text = page(name).read_text(encoding="utf-8")
    found = Elements(text)
    assert found.tags.count("script") == 2
    assert "img" not in found.tags
    assert found.handlers == []
    assert "\x1b" not in text
    assert "\u202e" not in text
    assert "49" not in re.findall(r">\s*(49)\s*<", text)
    json.loads(found.scripts[0])
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in text


def test_numbers_of_a_script_end_no_element():
    given = {"names": list(NASTY)}
    text = pages.json_in_html(given)
    assert not set("<>&") & set(text)
    assert json.loads(text) == given


@pytest.mark.parametrize("name", ALL)
def test_pages_are_small_and_made_from_the_result_alone(page: Page, results, name: str):
    text = page(name).read_text(encoding="utf-8")
    assert len(text.encode()) < 1_500_000
    assert not re.search(r"(src|href)=\"(?!#|data:,)", text)
    assert text == html(results[name])


def test_a_page_of_thousands_stays_small():
    rng = np.random.default_rng(1)
    logits = rng.normal(scale=3, size=(1_500, 600)).astype(np.float32)
    report = calibrate.evaluate(
        logits,
        gumbel_labels(logits, 2.0, rng),
        groups=np.array([f"{'x' * 300}{i % 500}" for i in range(1_500)]),
        settings=Settings(n_bins=100, bootstrap=0, top=600),
    )
    assert report.sweep.bins is not None
    assert len(html(report).encode()) < 1_500_000
    logits = rng.normal(scale=3, size=(500, 3))
    many = calibrate.evaluate(
        logits, gumbel_labels(logits, 1.0, rng), settings=Settings(n_bins=5_000, bootstrap=0)
    )
    assert many.sweep.bins is None
    assert len(html(many).encode()) < 1_500_000


def test_without_jinja2_one_line_says_what_is_missing(monkeypatch: pytest.MonkeyPatch, results):
    pages._environment.cache_clear()
    monkeypatch.setitem(sys.modules, "jinja2", None)
    with pytest.raises(InputError, match=r"pip install 'calibrate-cli\[html\]'"):
        html(results["report"])
    pages._environment.cache_clear()


def test_jinja2_is_imported_for_pages_only():
    code = (
        "import sys, calibrate, calibrate.cli.app, calibrate.renderers.formats as f; "
        "assert 'jinja2' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_the_page_on_stdout_is_that_in_the_folder(run, files, tmp_path):
    done = run("report", *files, "--format", "html", "--plots", "none", "--bootstrap", 0)
    assert done.returncode == 0, done.stderr
    assert done.stdout == (tmp_path / "report/report.html").read_text()
    assert "calibrate report z.npy y.npy --bootstrap 0<" in done.stdout.replace(
        str(tmp_path) + "/", ""
    )
