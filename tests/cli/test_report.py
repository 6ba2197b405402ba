import base64
import json
import re
import subprocess
import sys
import zlib
from collections.abc import Callable, Iterator
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from markupsafe import escape

import pytest_mcode.results
from pytest_mcode.benchmarks import Source, get
from pytest_mcode.records import Message
from pytest_mcode.results.panel import style
from pytest_mcode.results.report.grid import what_failed
from pytest_mcode.results.report.palette import BACKGROUNDS, COLOURS, SERIES, contrast, styles
from pytest_mcode.settings import Settings
from tests.store.builders import SETTINGS, attempt, outcome, run_info, write_run

pytest.importorskip("altair", reason="needs the extra `report`")
pytest.importorskip("vl_convert", reason="needs the extra `report`")

Mcode = Callable[..., Any]

HOSTILE = "</script><script>window.hacked = 1</script><img src=x onerror='window.hacked = 2'><!--"
TORN = f"{HOSTILE} \ud800 \0"
ASKED: Message = {"role": "user", "content": HOSTILE}


@pytest.fixture
def db(tmp_path: Path) -> Path:
    db = tmp_path / "results.db"
    hostile = attempt(
        messages=[ASKED],
        completion=TORN,
        reasoning=HOSTILE,
        solution=f"def f():\n    {HOSTILE}\n",
        verdict=replace(attempt().verdict, message=HOSTILE, stdout=HOSTILE, stderr=HOSTILE),
    )
    repair = attempt(0, 1, "passed", messages=[ASKED, ASKED], solution="def f():\n    return 2\n")
    debugged = outcome(0, attempts=(hostile, repair), status="solved", task_id=f"HumanEval/{HOSTILE}")
    fixed = run_info(
        "20260801-100000-aaaaaa", samples=2, all_samples=True, debug_iters=1, model=HOSTILE, tasks_total=4
    )
    write_run(
        db,
        fixed,
        [
            debugged,
            outcome(1, "passed", "assertion syntax"),
            outcome(2, "timeout timeout", "syntax memory"),
            outcome(3, status="infra", error=HOSTILE),
        ],
    )
    one = run_info("20260802-100000-bbbbbb", started_at="2026-08-02", tasks_total=4)
    write_run(db, one, [outcome(0, "syntax"), outcome(1, "syntax"), outcome(2, "passed")])
    return db


def written(mcode: Mcode, db: Path, path: Path, *runs: str) -> str:
    result = mcode("report", *runs, "--db", db, "-o", path)
    assert (result.status, result.out, result.err) == (0, f"{path}\n", "")
    return path.read_text()


def test_page_needs_no_network_and_holds_model_output_as_data(mcode: Mcode, db: Path, tmp_path: Path) -> None:
    page = written(mcode, db, tmp_path / "r.html", "aaaaaa", "bbbbbb")
    elements = list(_elements(page))
    assert {name for name, _ in elements}.isdisjoint({"img", "link", "iframe"})
    assert not [attributes for _, attributes in elements if {"src", "onerror"} & set(attributes)]
    assert all(found["href"].startswith("#") for _, found in elements if "href" in found)
    scripts = [attributes for name, attributes in elements if name == "script"]
    (policy,) = (
        found["content"] for _, found in elements if "content" in found and "src" in found["content"]
    )
    nonces = {found["nonce"] for found in scripts if "nonce" in found}
    assert policy.startswith(f"default-src 'none'; script-src 'nonce-{nonces.pop()}' 'unsafe-eval';")
    data = re.search(r'<script type="application/json" id="data">(.*?)</script>', page, re.DOTALL)
    assert data
    assert "<" not in data[1]
    assert HOSTILE in [task["id"].removeprefix("HumanEval/") for task in json.loads(data[1])["tasks"]]


def _elements(page: str) -> list[tuple[str, dict[str, str]]]:
    """Every element with its attributes, as a parser reads the page."""
    found = []

    class Parser(HTMLParser):
        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            found.append((tag, {name: value or "" for name, value in attrs}))

    Parser().feed(page)
    return found


def panels_of(page: str) -> list[Any]:
    stored = re.findall(r'<script type="text/plain" id="panel[0-9]+">([^<]*)</script>', page)
    return [json.loads(zlib.decompress(base64.b64decode(text))) for text in stored]


def test_every_attempt_is_in_the_page(mcode: Mcode, db: Path, tmp_path: Path) -> None:
    panels = panels_of(written(mcode, db, tmp_path / "r.html", "aaaaaa"))
    assert len(panels) == 4
    attempts = [each for panel in panels for run in panel["runs"] for each in run["attempts"]]
    assert len(attempts) == 2 + 3 + 4
    (first, repair) = (html for _, _, html in attempts if "window.hacked" in html)
    shown = str(escape(HOSTILE))
    assert first.count(shown) >= 5
    assert "<script" not in first + repair
    assert "\\ud800 \\x00" in first
    assert "after 1 message as before" in repair
    assert "changed since attempt 0/0" in repair


def test_page_opens_with_the_answer(mcode: Mcode, db: Path, tmp_path: Path) -> None:
    """With two models the sentence of `mcode match`; otherwise rates, and differences to the first run."""
    page = written(mcode, db, tmp_path / "r.html", "aaaaaa", "bbbbbb")
    opening = page[page.index("<main>") : page.index('<h2 id="summary">')]
    with pytest_mcode.results.open(db) as results:
        pairs = [("aaaaaa", "bbbbbb"), ("bbbbbb", "aaaaaa")]
        sentences = [results.match(*pair)["sentence"] for pair in pairs]
    assert any(f'<p class="answer">{escape(sentence)}.</p>' in opening for sentence in sentences)
    assert "A did better on 1, B on 1" in opening
    alone = written(mcode, db, tmp_path / "r.html", "bbbbbb")
    assert "granite4:3b, n=1 solves 33.3% [6.1, 79.2] of 3 judged tasks." in alone
    repeat = run_info("20260803-100000-dddddd", seed=1, tasks_total=4)
    write_run(db, repeat, [outcome(0, "passed"), outcome(1, "syntax"), outcome(2, "passed")])
    page = written(mcode, db, tmp_path / "r.html", "bbbbbb", "dddddd")
    assert "seed=0 solves 33.3% [6.1, 79.2] of 3 judged tasks, the others:" in page
    assert "seed=1 solves 66.7% [20.8, 93.9], 33.3 points more [-" in page
    assert '<a href="#HumanEval/0@dddddd">HumanEval/0</a>' in page


def test_benchmarks_have_panels_of_their_own(mcode: Mcode, db: Path, tmp_path: Path) -> None:
    write_run(db, run_info("20260803-100000-cccccc", benchmark="mbpp"), [outcome(9, "passed")])
    page = written(mcode, db, tmp_path / "r.html", "bbbbbb", "cccccc")
    assert len(re.findall(r'<h2 id="benchmark\d">', page)) == 2
    data = re.search(r'<script type="application/json" id="data">(.*?)</script>', page, re.DOTALL)
    assert data
    found = json.loads(data[1])
    assert found["benchmarks"] == [[0], [1]]
    titles = [chart["title"] for chart in found["charts"]]
    assert [title.rpartition("@")[0] for title in titles if title.startswith("Pass rate, ")] == [
        "Pass rate, humaneval",
        "Pass rate, mbpp",
    ]


def test_configuration_and_methods(mcode: Mcode, db: Path, tmp_path: Path) -> None:
    page = written(mcode, db, tmp_path / "r.html", "aaaaaa", "bbbbbb")
    differ, same = page[page.index("What differs</h3>") :].split("The same in all runs", 1)
    differing = re.findall(r'<th scope="row">(.*?)</th>', differ)
    assert differing[:4] == ["model", "samples", "all samples", "debug iters"]
    assert "<dt>prompt hash</dt>" in same
    assert "<dt>model: quantization</dt><dd>Q4_K_M</dd>" in same
    assert re.search(r"with pytest-mcode [0-9.]+\. ", page)
    assert "@article{chen2021evaluating," in page
    assert "The first prompt as sent, of runs 1, 2, task HumanEval/0" in page or "task HumanEval/" in page


def test_tests_and_reference_come_from_a_local_dataset(
    mcode: Mcode, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dataset = tmp_path / "own.jsonl"
    row = {"task_id": "own/1", "prompt": "Write f.", "entry_point": "f", "test": "assert f() == 1"}
    dataset.write_text(json.dumps(row | {"canonical_solution": "def f(): return 1\n"}) + "\n")
    (task,) = get(str(dataset)).load(Source()).tasks
    db = tmp_path / "own.db"
    settings = Settings.build({"benchmark": "own.jsonl", "backend": "gold"}).to_dict()
    info = replace(run_info(tasks_total=1), benchmark="own.jsonl", dataset=str(dataset), settings=settings)
    write_run(db, info, [outcome(0, "passed", task_id="own/1", task_fingerprint=task.fingerprint)])
    (panel,) = panels_of(written(mcode, db, tmp_path / "r.html", "run-1"))
    assert "<summary>reference</summary>" in panel["statement"]
    dataset.unlink()
    (panel,) = panels_of(written(mcode, db, tmp_path / "r.html", "run-1"))
    assert "<summary>reference</summary>" not in panel["statement"]


def test_without_an_output_the_working_tree_stays_clean(
    mcode: Mcode, db: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(db.parent)
    subprocess.run(["git", "init", "-q"], check=True)
    (db.parent / ".gitignore").write_text("*.db*\n.gitignore\n")
    result = mcode("report", "bbbbbb", "--db", db)
    assert (result.status, result.err) == (0, "")
    assert (db.parent / "reports" / "report.html").is_file()
    assert result.out == f"{db.parent / 'reports' / 'report.html'}\n"
    status = subprocess.run(["git", "status", "--porcelain"], capture_output=True, text=True, check=True)
    assert status.stdout == ""


@pytest.mark.parametrize(
    ("message", "note"),
    [
        ("line 3 of the tests: assert f() == 2\nleft: 1", "assertion: line 3 of the tests: assert f() == 2"),
        (
            'Traceback (most recent call last):\n  File "solution.py", line 2, in f\n    [][0]\n    ~~^^^\n'
            "IndexError: list index out of range\nin f(1)",
            "assertion: IndexError: list index out of range, in f(1)",
        ),
        ("", "assertion"),
    ],
)
def test_note_says_what_failed(message: str, note: str) -> None:
    """Of the attempt that decides, here the first: what the prompt shows it passed."""
    failed = replace(attempt().verdict, message=message)
    passed = replace(failed, kind="passed", message="")
    first = attempt(0, 0, verdict=failed, public_verdict=passed)
    found = outcome(0, attempts=(first, attempt(0, 1, "syntax", public_verdict=failed)), status="unsolved")
    assert what_failed(found) == note
    assert what_failed(outcome(0, "passed")) == ""
    assert what_failed(outcome(0, status="infra", error="gone\nfar")) == "gone"


def test_colours_stand_out_in_both_themes() -> None:
    """At least 3:1 (WCAG 2.2, 1.4.11); of texts at least 4.5:1 (1.4.3); no two models alike."""
    for colour in (*SERIES, *COLOURS.values()):
        assert min(contrast(colour, page) for page in BACKGROUNDS) >= 3, colour
    assert len(set(SERIES)) == len(SERIES) >= 12
    tokens = re.findall(r"--token-\w+: light-dark\((#\w+), (#\w+)\)", style())
    assert len(tokens) == 6
    raised = ("#f5f7f9", "#1c2126")
    assert all(contrast(*pair) >= 4.5 for each in tokens for pair in zip(each, raised, strict=True))


def test_series_of_many_runs_stay_apart() -> None:
    runs = [
        {
            "model": f"m{number % 4}",
            "label": f"m{number}",
            "overridden": {},
            "harness": "functions",
            "settings": {**SETTINGS, "samples": number // 4 + 1},
        }
        for number in range(28)
    ]
    looks = styles(runs)
    assert len({(look["colour"], look["shape"]) for look in looks}) == 28
    assert len({look["colour"] for look in looks}) == 4
    assert {look["colour"] for look in looks[::4]} == {looks[0]["colour"]}


def test_run_without_judged_task_has_a_page(mcode: Mcode, tmp_path: Path) -> None:
    db = tmp_path / "r.db"
    write_run(db, run_info(), [])
    page = written(mcode, db, tmp_path / "r.html", "run-1")
    assert "0/164" in re.sub(r"\s+", " ", page)
    result = mcode("report", "run-1", "--db", db, "--format", "svg", "-o", tmp_path / "r.svg")
    assert (result.status, (tmp_path / "r.svg").exists()) == (4, False)
    assert "nothing to draw" in result.err


@pytest.mark.parametrize(("format", "start"), [("png", b"\x89PNG\r\n"), ("svg", b"<svg")])
def test_curves_alone(mcode: Mcode, db: Path, tmp_path: Path, format: str, start: bytes) -> None:
    path = tmp_path / f"r.{format}"
    assert mcode("report", "aaaaaa", "bbbbbb", "--db", db, "--format", format, "-o", path).status == 0
    assert path.read_bytes().startswith(start)
    again = mcode("report", "aaaaaa", "--db", db, "--format", format, "-o", path)
    assert (again.status, "is there and no page of mcode" in again.err) == (4, True)


def test_only_pages_of_ours_are_written_over(mcode: Mcode, db: Path, tmp_path: Path) -> None:
    page = tmp_path / "r.html"
    written(mcode, db, page, "aaaaaa")
    written(mcode, db, page, "bbbbbb")
    page.write_text("<!doctype html><title>My thesis</title>")
    result = mcode("report", "aaaaaa", "--db", db, "-o", page)
    assert result.status == 4
    assert "r.html is there and no page of mcode; remove it or give another path" in result.err
    assert "My thesis" in page.read_text()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nosuch"], "no run 'nosuch'"),
        (["aaaaaa", "-o", "/proc/none/r.html"], "cannot write /proc/none/r.html"),
        (["aaaaaa", "-o", "/tmp"], "cannot write /tmp: Is a directory"),
    ],
)
def test_bad_input_is_one_message(mcode: Mcode, db: Path, arguments: list[str], message: str) -> None:
    result = mcode("report", "--db", db, *arguments)
    assert (result.status, result.out) == (4, "")
    assert message in result.err


def test_missing_extra_is_named(
    mcode: Mcode, db: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "vl_convert", None)
    result = mcode("report", "aaaaaa", "--db", db, "-o", tmp_path / "r.html")
    assert result.status == 4
    assert "pip install 'pytest-mcode[report]'" in result.err
    assert not (tmp_path / "r.html").exists()


# In a browser.


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    pytest.importorskip("selenium", reason="needs selenium")
    import shutil

    from selenium import webdriver
    from selenium.webdriver.chrome.service import Service

    chromium, driver = shutil.which("chromium"), shutil.which("chromedriver")
    if not chromium or not driver:
        pytest.skip("needs chromium and chromedriver")
    options = webdriver.ChromeOptions()
    options.binary_location = chromium
    for argument in ("--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--window-size=1200,900"):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    with webdriver.Chrome(options=options, service=Service(driver)) as chrome:
        yield chrome


@pytest.fixture
def page(browser: Any, mcode: Mcode, db: Path, tmp_path: Path) -> Any:
    written(mcode, db, tmp_path / "r.html", "aaaaaa", "bbbbbb")
    browser.get(f"file://{tmp_path}/r.html")
    yield browser
    assert browser.get_log("browser") == []
    assert browser.execute_script("return window.hacked") is None


def wait_for(page: Any, script: str) -> Any:
    from selenium.webdriver.support.ui import WebDriverWait

    return WebDriverWait(page, 10).until(lambda _: page.execute_script(f"return {script}"))


def wait_until(condition: Callable[[], bool]) -> None:
    from selenium.webdriver.support.ui import WebDriverWait

    WebDriverWait(None, 10).until(lambda _: condition())  # type: ignore[arg-type]


def shown(page: Any) -> list[str]:
    names: list[str] = page.execute_script(
        "return [...document.querySelectorAll('.task:not([hidden]) .id')].map(each => each.textContent)"
    )
    return [name.removeprefix("HumanEval/") for name in names]


def test_page_opens_with_its_curves(page: Any) -> None:
    assert wait_for(page, "document.querySelectorAll('.chart svg').length") == 8
    assert shown(page) == ["0", "1", "2", "3", HOSTILE]


def test_attempts_are_read_as_text(page: Any) -> None:
    from selenium.webdriver.common.by import By

    wait_for(page, "document.querySelectorAll('.chart svg').length == 8")
    buttons = page.find_elements(By.CSS_SELECTOR, ".task > button")
    hostile = next(button for button in buttons if "HumanEval/<" in button.text)
    page.execute_script("arguments[0].scrollIntoView({block: 'center'})", hostile)
    hostile.click()
    assert wait_for(page, "document.querySelectorAll('.body article').length") == 1
    assert page.execute_script("return document.querySelector('.body article').dataset.at") == "0/1"
    assert page.execute_script("return document.querySelectorAll('.body .diff .added').length") == 1
    page.find_element(By.LINK_TEXT, "‹ previous").click()
    assert wait_for(page, "document.querySelector('.body article').dataset.at == '0/0'")
    texts = page.execute_script(
        "return [...document.querySelectorAll('.body pre')].map((each) => each.textContent)"
    )
    assert HOSTILE in texts
    assert f"{HOSTILE} \\ud800 \\x00" in texts
    assert page.execute_script("return document.querySelectorAll('.body img').length") == 0


def test_each_attempt_has_an_address(page: Any, tmp_path: Path) -> None:
    from selenium.webdriver.common.by import By

    def shows() -> Any:
        return wait_for(
            page,
            "document.querySelector('.body article') && ["
            "document.querySelector('[aria-expanded=true] .id').textContent, "
            "document.querySelector('.body article').dataset.at, "
            "document.querySelector('.tabs [aria-pressed=true]').textContent[0]]",
        )

    address = page.current_url.partition("#")[0]
    page.get("about:blank")
    page.get(f"{address}#HumanEval/2/1/1@aaaaaa")
    assert shows() == ["HumanEval/2", "1/1", "1"]
    page.execute_script("document.querySelectorAll('.tabs button')[1].click()")
    assert wait_for(page, "location.hash == '#HumanEval/2/0/0@bbbbbb'")
    assert shows() == ["HumanEval/2", "0/0", "2"]
    page.find_element(By.LINK_TEXT, "next task »").click()
    assert wait_for(page, "location.hash.startsWith('#HumanEval/3')")
    cell = "[...document.querySelectorAll('.task')].find((each) => each.textContent.includes('HumanEval/1'))"
    page.execute_script(f"{cell}.querySelectorAll('.cell')[1].click()")
    assert wait_for(page, "location.hash == '#HumanEval/1/1/1@aaaaaa'")
    assert shows() == ["HumanEval/1", "1/1", "1"]
    page.execute_script("document.querySelector('[aria-expanded=true]').click()")
    assert page.execute_script("return document.querySelectorAll('.body article').length") == 0


def test_marks_of_charts_lead_on(page: Any) -> None:
    """A bar to the tasks that failed so, a point to its run."""
    from selenium.webdriver.common.by import By

    wait_for(page, "document.querySelectorAll('.chart svg').length == 8")
    page.find_elements(By.CSS_SELECTOR, "#chart0 .mark-symbol path")[1].click()
    assert wait_for(page, "location.hash == '#run-bbbbbb'")
    bars = page.find_elements(By.CSS_SELECTOR, "#chart7 .mark-rect path")
    label = "verdict: syntax"
    next(bar for bar in bars if label in bar.get_attribute("aria-label")).click()
    assert wait_for(page, "location.hash.startsWith('#tasks?verdict=syntax&run=')")
    count = page.find_element(By.ID, "count")
    wait_until(lambda: " of 5 tasks" in count.text)


def test_charts_are_saved(page: Any, tmp_path: Path) -> None:
    from selenium.webdriver.common.by import By

    behaviour = {"behavior": "allow", "downloadPath": str(tmp_path / "saved")}
    page.execute_cdp_cmd("Page.setDownloadBehavior", behaviour)
    for button in page.find_elements(By.CSS_SELECTOR, 'button[data-chart="0"]'):
        button.click()
    names = [tmp_path / "saved" / f"Pass-rate.{format}" for format in ("csv", "svg", "png")]
    wait_until(lambda: all(path.exists() and path.stat().st_size for path in names))
    table, drawing, image = names
    assert table.read_text().splitlines()[0] == "high,low,rate,series,shown,tasks"
    assert len(table.read_text().splitlines()) == 3
    assert drawing.read_text().startswith("<svg")
    assert image.read_bytes().startswith(b"\x89PNG")


def test_phone_needs_no_sideways_scrolling(page: Any) -> None:
    metrics = {"width": 420, "height": 900, "deviceScaleFactor": 1, "mobile": False}
    page.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    page.refresh()
    wait_for(page, "document.querySelectorAll('.chart svg').length == 8")
    widths = page.execute_script(
        "return [document.documentElement.scrollWidth, document.documentElement.clientWidth,"
        " ...[...document.querySelectorAll('.chart svg')].map((each) => each.getBoundingClientRect().right)]"
    )
    page.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
    assert max(widths) <= 420


def test_search_and_filters(page: Any) -> None:
    from selenium.webdriver.common.by import By
    from selenium.webdriver.support.ui import Select

    assert page.find_element(By.ID, "count").text == "5 tasks"
    page.find_element(By.ID, "search").send_keys("HumanEval/2")
    assert shown(page) == ["2"]
    assert page.find_element(By.ID, "count").text == "1 of 5 tasks"
    page.find_element(By.ID, "search").clear()
    Select(page.find_element(By.ID, "status")).select_by_visible_text("infra")
    assert shown(page) == ["3"]
    Select(page.find_element(By.ID, "status")).select_by_value("differs")
    assert len(shown(page)) == 5
    Select(page.find_element(By.ID, "status")).select_by_value("")
    Select(page.find_element(By.ID, "verdict")).select_by_visible_text("memory")
    assert shown(page) == ["2"]
    Select(page.find_element(By.ID, "verdict")).select_by_value("")
    page.find_element(By.ID, "search").send_keys("return 2")
    assert shown(page) == []
    page.find_element(By.ID, "texts").click()
    assert wait_for(page, "document.querySelectorAll('.task:not([hidden])').length") == 1
    assert "window.hacked" in shown(page)[0]


def test_keyboard(page: Any) -> None:
    from selenium.webdriver.common.action_chains import ActionChains
    from selenium.webdriver.common.keys import Keys

    def press(*keys: str) -> None:
        ActionChains(page).send_keys(*keys).perform()

    press("/", "HumanEval/")
    assert page.execute_script("return document.getElementById('search').value") == "HumanEval/"
    page.execute_script("document.querySelector('.task > button[tabindex=\"0\"]').focus()")
    press(Keys.ARROW_DOWN, Keys.ARROW_DOWN, Keys.ARROW_UP, Keys.ENTER)
    assert page.execute_script("return document.activeElement.querySelector('.id').textContent") == (
        page.execute_script("return document.querySelectorAll('.task .id')[1].textContent")
    )
    assert page.execute_script("return document.activeElement.getAttribute('aria-expanded')") == "true"


def test_dark_mode(page: Any) -> None:
    from selenium.webdriver.common.by import By

    def background() -> str:
        return str(page.execute_script("return getComputedStyle(document.body).backgroundColor"))

    wait_for(page, "document.querySelectorAll('.chart svg text').length")
    seen = {}
    for theme in ("light", "dark"):
        while page.find_element(By.ID, "theme").text != f"theme: {theme}":
            page.find_element(By.ID, "theme").click()
        ink = page.execute_script("return getComputedStyle(document.querySelector('.chart svg text')).fill")
        seen[theme] = (background(), ink)
    assert seen == {
        "light": ("rgb(255, 255, 255)", "rgb(28, 32, 36)"),
        "dark": ("rgb(20, 23, 26)", "rgb(228, 231, 234)"),
    }
    for scheme, colour in (("dark", "rgb(20, 23, 26)"), ("light", "rgb(255, 255, 255)")):
        page.execute_script("setTheme('auto')")
        features = [{"name": "prefers-color-scheme", "value": scheme}]
        page.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})
        assert background() == colour
