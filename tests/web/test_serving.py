"""Who is served, what is refused, and what stands in the pages, over real HTTP."""

import json
import re
import socket
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import httpx
import pytest

from pytest_mcode import results
from pytest_mcode.results.sentences import sentences
from pytest_mcode.store import Store
from tests.cli.conftest import mcode  # noqa: F401
from tests.session_support import MCODE
from tests.store import postgres
from tests.store.builders import outcome, run_info
from tests.web.conftest import FIRST, HOSTILE, SECOND, THIRD, Served, make_store, serve

Mcode = Callable[..., Any]
PAGES = ["/", "/?q=granite4&sort=rate", f"/run?id={FIRST}", f"/compare?run={FIRST}&run={SECOND}&run={THIRD}"]


def text_of(page: str) -> str:
    """Return what a reader sees, spaces folded."""

    class Reader(HTMLParser):
        seen = ""

        def handle_data(self, data: str) -> None:
            self.seen += data

    reader = Reader()
    reader.feed(page)
    return re.sub(r"\s+", " ", reader.seen)


def elements(page: str) -> list[tuple[str, dict[str, str]]]:
    found = []

    class Reader(HTMLParser):
        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            found.append((tag, {name: value or "" for name, value in attrs}))

    Reader().feed(page)
    return found


# Who is served.


def test_token_of_the_address_becomes_a_cookie(served: Served) -> None:
    with httpx.Client() as stranger:
        answer = stranger.get(f"{served.address}&q=granite4")
        assert (answer.status_code, answer.headers["location"]) == (303, "/?q=granite4")
        cookie = answer.headers["set-cookie"]
        assert "HttpOnly" in cookie
        assert "SameSite=strict" in cookie
        assert stranger.get(f"{served.origin}/").status_code == 200
        away = stranger.get(served.address.replace("/?", "//evil.example/?"))
        assert away.headers["location"] == "/evil.example/"


@pytest.mark.parametrize(
    ("path", "headers", "status", "message"),
    [
        ("/", {}, 403, "Open the address, with its token, that `mcode view` printed"),
        ("/static/view.js", {}, 403, "Open the address"),
        ("/events?id=latest", {}, 403, "Open the address"),
        ("/?token=guess", {}, 403, "The token is another one"),
        ("/", {"cookie": "mcode-view-{port}=guess"}, 403, "Open the address"),
        ("/", {"host": "evil.example"}, 421, "mcode view answers at 127.0.0.1:"),
        ("/?token={token}", {"host": "evil.example:{port}"}, 421, "under no other name"),
    ],
)
def test_strangers_are_refused(
    served: Served, path: str, headers: dict[str, str], status: int, message: str
) -> None:
    known = {"port": served.origin.rpartition(":")[2], "token": served.address.partition("token=")[2]}
    given = {name: value.format(**known) for name, value in headers.items()}
    answer = httpx.get(served.origin + path.format(**known), headers=given)
    assert answer.status_code == status
    assert message in answer.text
    assert "granite4" not in answer.text
    assert "set-cookie" not in answer.headers


def test_localhost_is_the_same_host(served: Served) -> None:
    host = served.origin.removeprefix("http://").replace("127.0.0.1", "localhost")
    assert served.client.get(f"{served.origin}/", headers={"host": host}).status_code == 200


# What is written.


def form_key(served: Served) -> str:
    found = re.search(r'"X-Form-Key": "([\w-]+)"', served.client.get(f"{served.origin}/run?id=latest").text)
    assert found
    return found[1]


@pytest.mark.parametrize(
    ("headers", "cookie", "status"),
    [
        ({"origin": "{origin}", "x-form-key": "{key}"}, False, 403),
        ({"origin": "{origin}"}, True, 403),
        ({"origin": "{origin}", "x-form-key": "guess"}, True, 403),
        ({"x-form-key": "{key}"}, True, 403),
        ({"origin": "http://127.0.0.1:1", "x-form-key": "{key}"}, True, 403),
        ({"origin": "null", "x-form-key": "{key}"}, True, 403),
    ],
)
def test_only_our_own_forms_write(served: Served, headers: dict[str, str], cookie: bool, status: int) -> None:
    known = {"origin": served.origin, "key": form_key(served)}
    given = {name: value.format(**known) for name, value in headers.items()}
    post = served.client.post if cookie else httpx.post
    answer = post(f"{served.origin}/notes", headers=given, data={"run": SECOND, "tags": "stolen", "note": ""})
    assert answer.status_code == status
    assert "stolen" not in served.client.get(f"{served.origin}/").text


def write(served: Served, **fields: str) -> httpx.Response:
    headers = {"origin": served.origin, "x-form-key": form_key(served), "hx-request": "true"}
    return served.client.post(f"{served.origin}/notes", headers=headers, data=fields)


def test_tags_and_notes_are_kept(served: Served, mcode: Mcode) -> None:  # noqa: F811
    tags, note = f"paper, v1 paper {HOSTILE[:20]}", f"{HOSTILE}\r\nsecond — line"
    answer = write(served, run=FIRST, tags=tags, note=note)
    assert answer.status_code == 200
    assert "Saved." in answer.text
    stored = json.loads(mcode("results", "--run", FIRST, "--json", "--db", served.db).out)[0]
    assert stored["tags"] == f"paper v1 {HOSTILE[:20]}"
    assert stored["note"] == f"{HOSTILE}\nsecond — line"
    for page in ("/?q=V1", f"/run?id={FIRST}"):
        shown = served.client.get(served.origin + page).text
        assert {name for name, _ in elements(shown)}.isdisjoint({"img"})
        assert "<script>window" not in shown
    assert "1 to 1 of 1 run that match" in text_of(served.client.get(f"{served.origin}/?q=V1").text)


@pytest.mark.parametrize(
    ("fields", "status", "message"),
    [
        ({"run": SECOND, "tags": "x" * 41}, 422, "has over 40 characters; shorten it"),
        ({"run": SECOND, "tags": ",".join(map(str, range(21)))}, 422, "at most 20 tags; these are 21"),
        ({"run": SECOND, "note": "x" * 10_001}, 422, "a note has at most 10,000 characters; this has 10,001"),
        ({"run": SECOND, "note": "x" * 100_001}, 400, "a form has at most 100,000 bytes"),
        ({"run": "nosuch"}, 400, "no run 'nosuch'"),
        ({}, 400, "the form names no run"),
    ],
)
def test_what_is_not_kept(served: Served, fields: dict[str, str], status: int, message: str) -> None:
    answer = write(served, **fields)
    assert answer.status_code == status
    assert message in text_of(answer.text)


def test_nothing_else_is_written(served: Served) -> None:
    headers = {"origin": served.origin, "x-form-key": form_key(served)}
    for method, path in (("POST", "/run?id=latest"), ("DELETE", "/"), ("PUT", "/notes")):
        answer = served.client.request(method, served.origin + path, headers=headers)
        assert answer.status_code == 405


# What is shown.


@pytest.mark.parametrize("page", [*PAGES, "/static/view.js", "/report.css", "/nosuch", "/run?id=nosuch"])
def test_pages_can_do_nothing_but_what_we_wrote(served: Served, page: str) -> None:
    answer = served.client.get(served.origin + page)
    policy = answer.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self';")
    assert "unsafe" not in policy
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["x-content-type-options"] == "nosniff"
    if "html" in answer.headers["content-type"]:
        scripts = [found["src"] for name, found in elements(answer.text) if name == "script"]
        assert scripts == ["/static/htmx.min.js", "/static/view.js"]
        assert not [given for _, given in elements(answer.text) if {"style", "onerror"} & set(given)]


def test_model_output_is_text(served: Served) -> None:
    query = httpx.QueryParams({"run": FIRST, "id": f"HumanEval/{HOSTILE}", "at": "0/0"})
    answer = served.client.get(f"{served.origin}/task?{query}")
    assert answer.status_code == 200
    assert {name for name, _ in elements(answer.text)}.isdisjoint({"img"})
    shown = text_of(answer.text)
    assert shown.count("<script>window.hacked = 1</script>") >= 6
    assert "{{ 7 * 7 }}" in shown
    assert HOSTILE in text_of(served.client.get(f"{served.origin}/run?id={FIRST}").text)


def test_runs_are_searched_and_sorted(served: Served) -> None:
    def order(query: str) -> list[str]:
        page = served.client.get(f"{served.origin}/?{query}").text
        ticks = [found["value"] for _, found in elements(page) if found.get("type") == "checkbox"]
        return [name.partition("::")[0][-6:] for name in ticks]

    assert order("") == ["cccccc", "bbbbbb", "aaaaaa"]
    assert order("sort=started") == ["aaaaaa", "bbbbbb", "cccccc"]
    assert order("sort=rate") == ["bbbbbb", "aaaaaa", "cccccc"]
    assert order("sort=-infra")[0] == "aaaaaa"
    assert order("sort=benchmark")[2] == "cccccc"
    assert order("q=MBPP+tiny") == ["cccccc"]
    assert order("q=%25") == []
    assert "No run has all of these words" in served.client.get(f"{served.origin}/?q=nosuch").text


@pytest.mark.parametrize(
    ("path", "status", "message"),
    [
        ("/nosuch", 404, "there is no page /nosuch"),
        ("/run", 400, "the address lacks 'id'; start from the list of runs"),
        ("/run?id=nosuch", 400, "no run 'nosuch' in "),
        ("/run?id=latest&page=0", 400, "'0' is no page; give a number from 1 on"),
        (f"/run?id=latest&page={'9' * 5000}", 400, "is no page"),
        ("/?sort=colour", 400, "runs are not sorted by 'colour'; there are started, benchmark,"),
        (f"/task?run={SECOND}", 400, "the address lacks 'id'"),
        (f"/task?run={SECOND}&id=HumanEval/7", 400, "has no task 'HumanEval/7'; there are"),
        (f"/task?run={SECOND}&id=HumanEval/1&at=x", 400, "'x' is no attempt; give sample and iteration"),
        (f"/compare?run={SECOND}", 400, "tick two runs or more to compare them"),
        (f"/compare?run={SECOND}&run=nosuch", 400, "no run 'nosuch'"),
        (f"/compare?run={SECOND}&run={FIRST}&base=x", 400, "'x' is not one of the runs"),
        (f"/compare?{'&'.join(f'run={n}' for n in range(13))}", 400, "at most 12 runs are compared at once"),
    ],
)
def test_bad_addresses_are_one_sentence(served: Served, path: str, status: int, message: str) -> None:
    answer = served.client.get(served.origin + path)
    assert answer.status_code == status
    assert message in text_of(answer.text)


def test_comparison_says_what_the_command_says(served: Served) -> None:
    page = text_of(served.client.get(f"{served.origin}/compare?run={SECOND}&run={FIRST}&run={THIRD}").text)
    with results.open(served.db) as opened:
        said = dict(sentences(opened.compare(SECOND, FIRST)))
    for name, text in said.items():
        assert text in page, name
    assert said["A alone"] == "HumanEval/2"
    assert "Not compared: " in page
    assert "have no common task" in page


# Other stores, and a store that changes.


def test_run_is_shown_while_it_runs(tmp_path: Path) -> None:
    db = tmp_path / "results.db"
    with Store.open(str(db)) as store:
        store.begin_run(run_info(), 3)
        store.record("run-1", outcome(0, "passed"))
        with serve(str(db), tmp_path) as served:
            assert 'data-events="/events?id=run-1"' in served.client.get(f"{served.origin}/run?id=run-1").text
            with served.client.stream("GET", f"{served.origin}/events?id=run-1") as stream:
                lines = stream.iter_lines()
                assert next(lines) == "event: picture"
                assert "1 of 3" in text_of(until_blank(lines))
                store.record("run-1", outcome(1, "syntax"))
                seen = next(text for _ in range(20) if "2 of 3" in (text := text_of(until_blank(lines))))
                assert "solved 50.0%" in seen
                store.finish_run("run-1", "finished")
                assert "event: end" in lines
            assert "Now" not in served.client.get(f"{served.origin}/run?id=run-1").text


def until_blank(lines: Iterator[str]) -> str:
    return "\n".join(line.removeprefix("data: ") for line in iter(lambda: next(lines), ""))


def test_open_page_does_not_keep_the_server_from_ending(tmp_path: Path) -> None:
    db = tmp_path / "results.db"
    with Store.open(str(db)) as store:
        store.begin_run(run_info(), 3)
    with serve(str(db), tmp_path) as served, httpx.Client() as page:
        page.get(served.address)
        stream = page.send(page.build_request("GET", f"{served.origin}/events?id=run-1"), stream=True)
        assert stream.status_code == 200


def test_tests_and_reference_are_shown_where_the_dataset_is_a_file(tmp_path: Path) -> None:
    row = {
        "task_id": "own/plus",
        "prompt": "Write plus(a, b), the sum of two numbers.",
        "test": "assert plus(1, 2) == 3  # the hidden one",
        "canonical_solution": "def plus(a, b):\n    return a + b  # the reference",
    }
    dataset, db = tmp_path / "own.jsonl", tmp_path / "results.db"
    dataset.write_text(json.dumps(row))
    options = ["--backend", "gold", "--sandbox", "process", "--db", str(db)]
    subprocess.run([*MCODE, "bench", str(dataset), *options], check=True, capture_output=True)
    with serve(str(db), tmp_path) as served:
        address = f"{served.origin}/task?run=latest&id=own/plus"
        shown = text_of(served.client.get(address).text)
        assert "# the hidden one" in shown
        assert "# the reference" in shown
        dataset.unlink()
    with serve(str(db), tmp_path) as served:
        assert "# the hidden one" not in text_of(
            served.client.get(f"{served.origin}/task?run=latest&id=own/plus").text
        )


def test_postgres_store_is_served(tmp_path: Path) -> None:
    with postgres.server() as server:
        url = server.new()
        with Store.open(url) as store:
            store.begin_run(run_info(), 1)
            store.record("run-1", outcome(0, "syntax passed"))
            store.finish_run("run-1", "finished")
        with serve(url, tmp_path) as served:
            page = served.client.get(f"{served.origin}/?q=GRANITE&sort=-rate").text
            assert "1 to 1 of 1 run that match" in text_of(page)
            assert postgres.QUOTED not in page
            assert write(served, run="run-1", tags="kept").status_code == 200
            assert "kept" in served.client.get(f"{served.origin}/run?id=run-1").text
            assert "0/1 passed" in served.client.get(f"{served.origin}/task?run=run-1&id=HumanEval/0").text


# The command.


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--db", "nosuch.db"], "(`mcode bench smoke --backend gold --sandbox process` takes seconds)"),
        (["--db", "empty.db"], "empty.db is empty; run a benchmark first"),
        (["--db", "results.db", "--port", "{taken}"], "Address already in use; give another, or 0 for any"),
    ],
)
def test_command_refuses_in_one_sentence(
    mcode: Mcode,  # noqa: F811
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    arguments: list[str],
    message: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    make_store(tmp_path / "results.db")
    with closing(sqlite3.connect("empty.db")) as connection:
        connection.execute("CREATE TABLE gone (x)").connection.execute("DROP TABLE gone")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        result = mcode("view", *(each.format(taken=port) for each in arguments))
    assert (result.status, result.out) == (4, "")
    assert message in result.err


def test_missing_extra_is_named(mcode: Mcode, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: F811
    monkeypatch.setitem(sys.modules, "uvicorn", None)
    result = mcode("view")
    assert result.status == 4
    assert "pip install 'pytest-mcode[view]'" in result.err
