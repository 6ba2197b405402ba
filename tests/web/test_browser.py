"""The pages in a real browser: what a person does with them, in both themes and at two widths."""

import shutil
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest

from pytest_mcode.store import Store
from tests.store.builders import outcome, run_info
from tests.web.conftest import FIRST, HOSTILE, SECOND, Served, serve

pytest.importorskip("selenium", reason="needs selenium")
pytest.importorskip("axe_core_python", reason="needs axe")


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    from selenium import webdriver
    from selenium.webdriver.chrome.service import Service

    chromium, driver = shutil.which("chromium"), shutil.which("chromedriver")
    if not chromium or not driver:
        pytest.skip("needs chromium and chromedriver")
    options = webdriver.ChromeOptions()
    options.binary_location = chromium
    for argument in ("--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--window-size=1400,1000"):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    with webdriver.Chrome(options=options, service=Service(driver)) as chrome:
        yield chrome


class Page:
    """An open page; what it was served by must hear of nothing that fails."""

    def __init__(self, browser: Any, origin: str) -> None:
        self.browser, self.origin = browser, origin

    def open(self, path: str) -> "Page":
        self.browser.get(self.origin + path)
        return self

    def run(self, script: str) -> Any:
        return self.browser.execute_script(script)

    def wait(self, condition: str) -> Any:
        from selenium.webdriver.support.ui import WebDriverWait

        return WebDriverWait(self.browser, 15).until(lambda _: self.run(f"return {condition}"), condition)

    def find(self, selector: str) -> Any:
        from selenium.webdriver.common.by import By

        return self.browser.find_element(By.CSS_SELECTOR, selector)

    def texts(self, selector: str) -> list[str]:
        found: list[str] = self.run(
            f"return [...document.querySelectorAll({selector!r})].map((each) => each.textContent.trim())"
        )
        return found


@pytest.fixture
def page(browser: Any, served: Served) -> Iterator[Page]:
    browser.get(served.address)
    yield Page(browser, served.origin)
    assert browser.get_log("browser") == []
    assert browser.execute_script("return window.hacked") is None
    browser.execute_script("sessionStorage.clear(); localStorage.clear()")


RUNS = ".runs td[data-label=run] a"


def test_token_leaves_the_address_and_runs_are_found_as_one_types(page: Page) -> None:
    assert page.browser.current_url == f"{page.origin}/"
    assert page.texts(RUNS) == ["cccccc", "bbbbbb", "aaaaaa"]
    page.find("input[type=search]").send_keys("mbpp")
    page.wait(f"document.querySelectorAll({RUNS!r}).length === 1")
    assert page.browser.current_url.startswith(f"{page.origin}/?q=mbpp")
    page.browser.back()
    page.wait(f"document.querySelectorAll({RUNS!r}).length === 3")
    page.find(".runs th:nth-child(7) a").click()
    page.wait("document.querySelector('[aria-sort=descending]')?.textContent.includes('pass rate')")
    assert page.texts(RUNS)[0] == "cccccc"


def test_runs_ticked_on_several_pages_are_compared(page: Page) -> None:
    page.open("/?q=bbbbbb").find(".tick input").click()
    assert page.find("#ticked").text.startswith("1 run is ticked")
    page.open("/?q=aaaaaa").find(".tick input").click()
    page.find("#ticked a").click()
    page.wait("document.querySelector('h1').textContent === '2 runs compared'")
    assert "A 100.0%, B 50.0%" in page.texts("dd")
    page.find("dd a").click()
    page.wait("document.querySelectorAll('.panel').length === 2")
    assert page.find("h1").text == "HumanEval/2"
    assert page.texts("h2 code") == ["bbbbbb", "aaaaaa"]


def test_task_opens_in_its_place_and_model_output_is_text(page: Page) -> None:
    page.open(f"/run?id={FIRST}")
    place = next(place for place, name in enumerate(page.texts(".task .id")) if HOSTILE in name)
    page.run(f"document.querySelectorAll('.task summary')[{place}].click()")
    page.wait("document.querySelector('.panel .attempt[data-at=\"0/1\"]')")
    assert page.run("return document.querySelectorAll('.panel .added').length") >= 1
    page.find(".attempts a[rel=prev]").click()
    page.wait("document.querySelector('.panel .attempt[data-at=\"0/0\"]')")
    assert page.browser.current_url == f"{page.origin}/run?id={FIRST}"
    assert any(HOSTILE in text for text in page.texts(".panel pre"))
    assert page.run("return document.querySelectorAll('main img, main script').length") == 0


def test_tasks_are_filtered(page: Page) -> None:
    from selenium.webdriver.support.ui import Select

    page.open(f"/run?id={FIRST}")
    Select(page.find("select[name=kind]")).select_by_visible_text("infra")
    page.wait("document.querySelectorAll('details.task').length === 1")
    assert page.texts("details.task .id") == ["HumanEval/3"]
    Select(page.find("select[name=kind]")).select_by_visible_text("all")
    page.find("input[type=search]").send_keys("Eval/2")
    page.wait("document.querySelector('details.task .id').textContent === 'HumanEval/2'")


def test_tags_and_notes_are_saved(page: Page) -> None:
    page.open(f"/run?id={SECOND}")
    page.find("input[name=tags]").send_keys("second, best")
    page.find("textarea").send_keys(HOSTILE)
    page.find("#notes button").click()
    page.wait("document.querySelector('#notes [role=status]').textContent === 'Saved.'")
    page.open("/").wait("document.querySelectorAll('.tag').length === 2")
    assert HOSTILE in page.texts(".said .brief")
    page.open(f"/run?id={SECOND}").find("input[name=tags]").send_keys(" " + "x" * 41)
    page.find("#notes button").click()
    page.wait("document.querySelector('#notes [role=status]').textContent.startsWith('Not saved: the tag')")
    assert page.find("input[name=tags]").get_attribute("value").endswith("x" * 41)
    page.run("document.querySelector('#notes').setAttribute('hx-headers', '{}')")
    page.find("#notes button").click()
    page.wait("document.querySelector('#told').textContent === 'Only forms of this page may write\\n'")
    assert len(page.browser.get_log("browser")) == 3  # 422, 403, and htmx's own word on that


def test_keyboard_alone(page: Page) -> None:
    from selenium.webdriver.common.action_chains import ActionChains
    from selenium.webdriver.common.keys import Keys

    def press(*keys: str) -> None:
        ActionChains(page.browser).send_keys(*keys).perform()

    press("/", "granite4")
    page.wait(f"document.querySelectorAll({RUNS!r}).length === 1")
    while page.run("return document.activeElement.matches('.tick input')") is False:
        press(Keys.TAB)
    press(Keys.SPACE, Keys.TAB, Keys.ENTER)
    page.wait("document.querySelector('details.task')")
    page.run("document.querySelector('details.task summary').focus()")
    press(Keys.ENTER)
    page.wait("document.querySelector('.panel')")


EVERY = [
    "/",
    f"/run?id={FIRST}",
    f"/compare?run={FIRST}&run={SECOND}",
    f"/task?run={FIRST}&run={SECOND}&id=HumanEval/2",
    "/no",
]
AXE = """axe.run().then((found) =>
    arguments[0](found.violations.map((each) => `${each.id}: ${each.nodes[0].html}`)))"""


@pytest.mark.parametrize("path", EVERY)
def test_axe_finds_nothing_at_either_width_in_either_theme(page: Page, path: str) -> None:
    axe = files("axe_core_python").joinpath("axe.min.js").read_text(encoding="utf-8")
    seen = set()
    for width in (1400, 420):
        for theme in ("light", "dark"):
            size = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": False}
            page.browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
            features = [{"name": "prefers-color-scheme", "value": theme}]
            page.browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})
            page.open(path)
            page.browser.execute_cdp_cmd("Runtime.evaluate", {"expression": axe})
            assert page.browser.execute_async_script(AXE) == [], (width, theme)
            assert page.run("return document.documentElement.scrollWidth") <= width
            seen.add(page.run("return getComputedStyle(document.body).backgroundColor"))
    page.browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
    assert seen == {"rgb(255, 255, 255)", "rgb(20, 23, 26)"}
    if path == "/no":
        page.browser.get_log("browser")


def test_theme_is_kept(page: Page) -> None:
    while page.find("#theme").text != "theme: dark":
        page.find("#theme").click()
    page.open(f"/run?id={SECOND}")
    assert page.find("#theme").text == "theme: dark"
    assert page.run("return getComputedStyle(document.body).backgroundColor") == "rgb(20, 23, 26)"


def test_page_follows_a_run_to_its_end(browser: Any, tmp_path: Path) -> None:
    db = tmp_path / "results.db"
    with Store.open(str(db)) as store:
        store.begin_run(run_info(), 2)
        with serve(str(db), tmp_path) as served:
            browser.get(served.address)
            page = Page(browser, served.origin).open("/run?id=run-1")
            page.wait("document.querySelector('#picture')?.textContent.includes('0 of 2')")
            store.record("run-1", outcome(0, "passed"))
            page.wait("document.querySelector('#picture').textContent.includes('1 of 2')")
            assert page.run("return document.querySelector('progress').value") == 1
            page.wait("document.querySelector('#found .task .id')?.textContent === 'HumanEval/0'")
            store.record("run-1", outcome(1, "syntax"))
            store.finish_run("run-1", "finished")
            page.wait("!document.querySelector('#picture')")
            assert page.texts(".task .id") == ["HumanEval/0", "HumanEval/1"]
            assert browser.get_log("browser") == []
