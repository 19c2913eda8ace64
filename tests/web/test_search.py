"""Searching a room by its address, as htmx asks as one types and as plain links lead."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import time
from pathlib import Path
from typing import Any

import httpx
import pytest

from quart_chat.store.client import ANSWER
from tests.pages.trees import Tree
from tests.server.processes import ServerProcess
from tests.web.conftest import UNLIMITED
from tests.web.test_messages import say
from tests.web.visits import ask, browser, fresh

HTMX = {"HX-Request": "true"}


@pytest.fixture
def ana(ana: httpx.Client) -> httpx.Client:
    ana.post("/me", data={"name": "Ana"})
    return ana


def search(client: httpx.Client, room: str, typed: str, *, status: int = 200, **how: Any) -> httpx.Response:
    response = client.get(f"/r/{room}/search", params={"q": typed}, **how)
    assert response.status_code == status, response.text
    return response


def tree(page: str) -> Tree:
    return Tree(page.partition("<!doctype html>")[2] if "<!doctype" in page else page)


def found(page: str) -> list[str]:
    """Give the ids of what was found."""
    return re.findall(r'class="found f-([0-9-]+) message', page)


def test_words_are_found_without_case_and_accents_newest_first(ana: httpx.Client) -> None:
    room = fresh()
    first, _, third = (say(ana, room, text) for text in ("Dois CAFÉS", "chá", "um cafe\u0301"))
    for headers in ({}, HTMX):
        html = search(ana, room, "café", headers=headers).text
        assert found(html) == [third, first]
        assert [one.text for one in tree(html).elements if one.tag == "mark"] == ["cafe\u0301", "CAFÉ"]
        assert "2 messages found." in html
    assert "<!doctype html>" not in html
    assert found(search(ana, room, "from:ana cafe").text) == [third, first]
    assert found(search(ana, room, "from:bob cafe").text) == []
    assert found(search(ana, room, "cafe before:2020").text) == []
    assert found(search(ana, room, '"um cafe" after:2020').text) == [third]


def test_a_search_has_an_address_whose_page_says_all_of_it(ana: httpx.Client) -> None:
    room = fresh()
    say(ana, room, "hello")
    page = tree(search(ana, room, 'hello "<b>').text)
    assert page.by_id("find-words").attributes["value"] == 'hello "<b>'
    assert (page.by_id("find").attributes["method"], page.by_id("find").attributes["action"]) == (
        "get",
        f"/r/{room}/search",
    )
    assert page.by_id("found-count").attributes["role"] == "status"
    assert "Nothing found." in page.text
    assert "Try the beginning of a word" in page.text
    assert ana.get(f"/r/{room.upper()}/search?q=a%26b").headers["Location"] == f"/r/{room}/search?q=a%26b"


def test_the_room_s_page_has_the_same_form(ana: httpx.Client) -> None:
    room = fresh()
    entry_id = say(ana, room, "hello")
    for path in (f"/r/{room}", f"/r/{room}/m/{entry_id}"):
        page = tree(ana.get(path).text)
        assert page.by_id("search").attributes["popover"] is None
        assert page.by_id("find").attributes["hx-get"] == f"/r/{room}/search"
        assert page.by_id("found").text == ""
        assert len(set(page.ids())) == len(page.ids())


@pytest.mark.parametrize("typed", ["", "  ", "from:", '""', "***"])
def test_who_looks_for_nothing_gets_help_and_no_error(ana: httpx.Client, typed: str) -> None:
    room = fresh()
    say(ana, room, "hello")
    page = search(ana, room, typed).text
    assert found(page) == []
    assert tree(page).by_id("found-count").text == ""
    assert "before:2026-11-28" in page
    assert ana.get(f"/r/{room}/search").status_code == 200
    assert 'class="message' not in search(ana, room, typed, headers=HTMX).text


def test_what_cannot_be_understood_is_said_and_stays_typed(ana: httpx.Client) -> None:
    room = fresh()
    page = tree(search(ana, room, "x before:2026-13", status=422).text)
    assert page.by_id("find-words").attributes["value"] == "x before:2026-13"
    assert page.by_id("find-words").attributes["aria-invalid"] == "true"
    assert "“2026-13” is no day. A day looks like 2026-11-28." in page.text
    part = search(ana, room, "x before:2026-13", status=422, headers=HTMX)
    assert part.headers["HX-Reswap"] == "none"  # what was found before stays
    assert "is no day" in tree(part.text).text
    search(ana, room, "x" * 201, status=422)
    search(ana, room, "a b c d e f g h i j k", status=422)
    assert ana.get(f"/r/{room}/search?q=x&before=nonsense").status_code == 400


def test_pages_lead_through_all_that_was_found_by_plain_links(ana: httpx.Client) -> None:
    room = fresh()
    made = [say(ana, room, f"hello {n}") for n in range(41)]
    seen: list[str] = []
    page = search(ana, room, "hello").text
    while True:
        seen += found(page)
        links = [one for one in tree(page).elements if "search?" in str(one.attributes.get("href"))]
        if not links:
            break
        page = ana.get(str(links[0].attributes["href"])).text
    assert seen == made[::-1]
    assert "1 more message found." in page


@pytest.mark.parametrize(
    "query",
    [
        *("q=%00", "q=%FF%FE", "q=%ED%A0%80x", "q=a&q=b", "q", f"q={'x' * 8000}", "q=%22%22%22%22", f"q={'%22a' * 30}"),
        *("q=x&before=0-0", "q=x&before=999999999999999-0", "q=after:9999+before:0001", "q=%E2%80%AEabc", "q=before:"),
    ],
)
def test_a_strange_search_gets_a_clear_answer(server: ServerProcess, query: str) -> None:
    for headers in ({}, HTMX):
        answer = ask(server, f"/r/nobody-wrote-here/search?{query}", **headers)
        assert answer.status in (200, 422), answer.body
        assert found(answer.body) == []


def test_a_room_that_is_not_there_is_not_made_by_searching(ana: httpx.Client) -> None:
    room = fresh("nowhere")
    assert found(search(ana, room, "hello").text) == []
    assert found(search(ana, room, "hello", headers=HTMX).text) == []
    assert f"/r/{room}" not in ana.get("/").text


def test_days_are_those_of_the_reader(ana: httpx.Client) -> None:
    room = fresh()
    say(ana, room, "hello")
    html = search(ana, room, "hello").text
    (time,) = (one for one in tree(html).elements if one.tag == "time")
    day = str(time.attributes["datetime"])[:10]
    for zone, name in (("Pacific/Kiritimati", "+14"), ("Pacific/Pago_Pago", "-11")):
        ana.post("/times", data={"zone": zone, "hours": "24"})
        days = {
            typed: bool(found(search(ana, room, f"hello {typed}").text)) for typed in (f"after:{day}", f"before:{day}")
        }
        assert days[f"after:{day}"] != days[f"before:{day}"], name


def test_a_reader_is_answered_in_their_language(ana: httpx.Client) -> None:
    room = fresh()
    say(ana, room, "olá")
    ana.post("/language", data={"language": "pt-BR"})
    page = search(ana, room, "ola de:ana depois:2020").text
    assert "1 mensagem encontrada." in page
    assert "depois:2026-11-01" in page
    assert "não é um dia" in search(ana, room, "antes:ontem", status=422).text


async def test_a_store_that_is_silent_is_told_to_all_who_search_and_none_waits_for_another(tmp_path: Path) -> None:
    with ServerProcess(tmp_path / "data", env=UNLIMITED) as server:
        async with httpx.AsyncClient(base_url=server.url, trust_env=False, timeout=30) as client:
            assert (await client.get("/r/silent/search?q=x")).status_code == 200
            os.kill(server.store_pid, signal.SIGSTOP)
            try:
                began = time.monotonic()
                asked = [client.get("/r/silent/search?q=x", headers=headers) for headers in (HTMX, {}) * 5]
                answers = await asyncio.gather(*asked)
                assert time.monotonic() - began < 3 * ANSWER
            finally:
                os.kill(server.store_pid, signal.SIGCONT)
    for part, page in zip(answers[::2], answers[1::2], strict=True):
        assert (part.status_code, part.headers["HX-Reswap"], page.status_code) == (200, "none", 503)
        assert "The server can’t reach its messages right now." in tree(part.text).text


def test_a_person_and_an_address_search_so_many_times_a_minute(behind: ServerProcess) -> None:
    room = fresh()
    with browser(behind, **{"X-Forwarded-For": "198.51.100.77"}) as client:
        client.get("/")
        for _ in range(5):
            search(client, room, "")  # which costs nothing
        codes = [client.get(f"/r/{room}/search?q=x", headers=HTMX).status_code for _ in range(70)]
        assert codes[:60] == [200] * 60
        assert 429 in codes[60:]
        refused = next(
            one
            for one in (client.get(f"/r/{room}/search?q=x", headers=HTMX) for _ in range(20))
            if one.status_code == 429
        )
        assert refused.headers["HX-Reswap"] == "none"
        assert int(refused.headers["Retry-After"]) >= 1
        (again,) = (one for one in tree(refused.text).elements if one.tag == "i")
        assert str(again.attributes["hx-trigger"]).startswith("load delay:")
        further = next(
            one
            for one in (client.get(f"/r/{room}/search?q=x&before=5-0", headers=HTMX) for _ in range(20))
            if one.status_code == 429
        )
        assert "<i" not in further.text  # what was found before is not to be replaced
        page = next(one for one in (client.get(f"/r/{room}/search?q=x") for _ in range(20)) if one.status_code == 429)
        assert "many searches" in tree(page.text).by_id("found-count").text + page.text
        assert tree(page.text).by_id("find-words").attributes["value"] == "x"
