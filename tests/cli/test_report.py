import base64
import json
import re
import sys
import zlib
from collections.abc import Callable, Iterator
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from pytest_mcode.records import Message
from tests.store.builders import attempt, outcome, run_info, write_run

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
    assert not [attributes for _, attributes in elements if {"src", "href", "onerror"} & set(attributes)]
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


def test_every_attempt_is_in_the_page(mcode: Mcode, db: Path, tmp_path: Path) -> None:
    page = written(mcode, db, tmp_path / "r.html", "aaaaaa")
    stored = dict(re.findall(r'<script type="text/plain" id="attempts([0-9-]+)">([^<]*)</script>', page))
    assert len(stored) == 4
    attempts = [
        each for text in stored.values() for each in json.loads(zlib.decompress(base64.b64decode(text)))
    ]
    assert len(attempts) == 2 + 3 + 4
    (first, repair) = (each for each in attempts if each["messages"] == [ASKED])
    assert (first["completion"], first["verdict"]["stdout"]) == (TORN, HOSTILE)
    assert (first["known"], repair["known"]) == (0, 1)
    assert "+    return 2" in repair["diff"]


def test_two_runs_are_compared(mcode: Mcode, db: Path, tmp_path: Path) -> None:
    page = written(mcode, db, tmp_path / "r.html", "aaaaaa", "bbbbbb")
    assert "A did better on 1, B on 1" in page
    write_run(db, run_info("20260803-100000-cccccc", benchmark="mbpp"), [outcome(9, "passed")])
    page = written(mcode, db, tmp_path / "r.html", "aaaaaa", "cccccc")
    assert "Not compared: " in page
    assert "have no common task" in page
    assert "Comparison" not in written(mcode, db, tmp_path / "r.html", "aaaaaa")


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


def shown(page: Any) -> list[str]:
    names: list[str] = page.execute_script(
        "return [...document.querySelectorAll('.task:not([hidden]) .id')].map(each => each.textContent)"
    )
    return [name.removeprefix("HumanEval/") for name in names]


def test_page_opens_with_its_curves(page: Any) -> None:
    assert wait_for(page, "document.querySelectorAll('.chart svg').length") == 7
    assert shown(page) == ["0", "1", "2", "3", HOSTILE]


def test_attempts_are_read_as_text(page: Any) -> None:
    from selenium.webdriver.common.by import By

    buttons = page.find_elements(By.CSS_SELECTOR, ".task > button")
    next(button for button in buttons if "HumanEval/<" in button.text).click()
    assert wait_for(page, "document.querySelectorAll('.body pre').length") >= 8
    whole = "(each) => each.textContent.replace('\\ud800', '?')"
    texts = page.execute_script(f"return [...document.querySelectorAll('.body pre')].map({whole})")
    assert f"[user]\n{HOSTILE}" in texts
    assert f"{HOSTILE} ? \0" in texts
    assert page.execute_script("return document.querySelectorAll('.body .added').length") == 2
    assert page.execute_script("return document.querySelectorAll('.body img').length") == 0


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
