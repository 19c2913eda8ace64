"""The question for newcomers as browsers without a script see it."""

from __future__ import annotations

import re
import time

import httpx
import pytest
from redis import Redis

from quart_chat.room.asking import GREATEST, LEAST, MAX_QUESTION, read_form, sign, sum_for
from quart_chat.room.limits import NEWCOMERS_OF_ADDRESS
from quart_chat.room.people import public_id
from quart_chat.store import keys
from tests.hostile import HOSTILE, taken_for_markup
from tests.server.processes import ServerProcess
from tests.web.test_messages import say
from tests.web.test_order import browser_of, rule, tree
from tests.web.visits import browser, fresh, identity_of, tab

HOUR = 3_600_000  # ms


@pytest.fixture
def room(ana: httpx.Client) -> str:
    """A room of Ana's that asks."""
    room = fresh()
    say(ana, room, "a secret word")
    assert rule(ana, room, asks="1").status_code == 303
    return room


def asked(server: ServerProcess, client: httpx.Client, room: str, ago: int = LEAST) -> dict[str, str]:
    """Fill in the form of a page that asked somebody so long ago, ms, with the answer to a sum."""
    key = (server.data / "secret.key").read_text().split()[0]
    public = public_id(identity_of(client))
    written = sign(key, public, room, time.time_ns() // 1_000_000 - ago)
    form = read_form((key,), public, room, written)
    assert form is not None
    return {"asked": written, "answer": str(sum(sum_for(form, public, room)))}


def field(page: httpx.Response, name: str) -> str:
    """Read what a field of a page holds."""
    (found,) = (one for one in tree(page).elements if one.tag == "input" and one.attributes.get("name") == name)
    return found.attributes.get("value") or ""


def test_a_newcomer_answers_and_is_in(server: ServerProcess, ana: httpx.Client, bob: httpx.Client, room: str) -> None:
    with browser(server) as first:  # without a cookie, which this page sets
        page = first.get(f"/r/{room}?before=1700000000000-0")
        assert page.status_code == 403
        assert re.search(r"What is [a-z]+ plus [a-z]+\?", page.text)
        assert "secret" not in page.text
        quick = first.post(f"/r/{room}/answer", data={"asked": field(page, "asked"), "answer": "12 or so"})
        assert quick.status_code == 429
        assert int(quick.headers["Retry-After"]) <= LEAST / 1000
        assert "That was quicker than anybody reads." in quick.text
        assert (field(quick, "answer"), field(quick, "asked")) == ("12 or so", field(page, "asked"))
        wrong = first.post(f"/r/{room}/answer", data=asked(server, first, room) | {"answer": "999"})
        assert wrong.status_code == 422
        assert "That is not the answer." in wrong.text
        came = first.post(f"/r/{room}/answer", data=asked(server, first, room, HOUR))
        assert (came.status_code, came.headers["Location"]) == (303, f"/r/{room}")
        assert "a secret word" in first.get(f"/r/{room}").text
        say(first, room, "hello")
    assert "Quanto é " in bob.get(f"/r/{room}", headers={"Accept-Language": "pt"}).text
    assert rule(ana, room).status_code == 303
    assert bob.get(f"/r/{room}").status_code == 200


def test_what_is_not_one_s_own_answer_lets_nobody_in(
    server: ServerProcess, ana: httpx.Client, bob: httpx.Client, room: str
) -> None:
    theirs, stale, mine = (asked(server, one, room, ago) for one, ago in ((ana, LEAST), (bob, 2 * HOUR), (bob, LEAST)))
    at, _, proof = mine["asked"].partition(".")
    for form in (
        theirs,
        stale,
        mine | {"asked": f"{int(at) - HOUR}.{proof}"},
        mine | {"asked": ""},
        {"answer": mine["answer"]},
        asked(server, bob, "another-room"),
    ):
        refused = bob.post(f"/r/{room}/answer", data=form)
        assert refused.status_code == 422
        assert "This page is too old" in refused.text
        assert field(refused, "asked") not in {"", form.get("asked")}
        assert field(refused, "answer") == form["answer"]
    assert bob.get(f"/r/{room}").status_code == 403
    assert bob.get(f"/r/{room.upper()}").headers["Location"] == f"/r/{room}"
    assert bob.post(f"/r/{room.upper()}/answer", data=mine).headers["Location"] == f"/r/{room}/answer"
    assert bob.post(f"/r/{room}/answer", data=mine).status_code == 303


def test_what_htmx_asks_for_and_a_tab_is_told_what_to_do(bob: httpx.Client, room: str) -> None:
    notice = bob.get(f"/r/{room}/messages", headers={"HX-Request": "true"})
    assert notice.status_code == 403
    assert notice.text.startswith('<div id="notice"')
    assert "Newcomers answer a question before they come into this room." in notice.text


async def test_a_newcomer_gets_no_socket_until_they_have_answered(
    server: ServerProcess, bob: httpx.Client, room: str
) -> None:
    cookie = f"quart_chat={bob.cookies['quart_chat']}"
    async with tab(server, room, cookie=cookie) as page:
        assert await page.frame("Newcomers answer a question", "Load the page again")
        assert await page.close_code() == 1008
        assert "secret" not in "".join(page.read)
    assert bob.post(f"/r/{room}/answer", data=asked(server, bob, room)).status_code == 303
    async with tab(server, room, cookie=cookie) as page:
        await page.enter()
        assert any("a secret word" in frame for frame in page.read)


def test_an_owner_sets_the_question_and_members_see_that_newcomers_are_asked(
    server: ServerProcess, ana: httpx.Client, bob: httpx.Client, room: str
) -> None:
    page = ana.get(f"/r/{room}/order")
    assert "The server asks for a sum" in page.text
    assert (field(page, "question"), field(page, "answer"), field(page, "asks")) == ("", "", "1")
    own = {"question": HOSTILE[0], "answer": " Água\tde  coco! "}
    assert bob.post(f"/r/{room}/question", data=own).status_code == 403
    assert ana.post(f"/r/{room.upper()}/question", data=own).headers["Location"] == f"/r/{room}/question"
    assert ana.post(f"/r/{room}/question", data=own).status_code == 303
    for wrong in (own | {"answer": "\u200b"}, own | {"question": "x" * (MAX_QUESTION + 1)}):
        assert ana.post(f"/r/{room}/question", data=wrong).status_code == 422
    page = ana.get(f"/r/{room}/order")
    assert field(page, "question") == " ".join(HOSTILE[0].split())
    assert field(page, "answer") == "Água de coco!"
    assert "changed the question for newcomers" in page.text
    shown = bob.get(f"/r/{room}")
    assert not taken_for_markup(tree(shown))
    assert "coco" not in shown.text
    assert bob.post(f"/r/{room}/answer", data=asked(server, bob, room)).status_code == 422  # the sum is asked no more
    assert bob.post(
        f"/r/{room}/answer", data=asked(server, bob, room, 9 * HOUR) | {"answer": "AGUA DE COCO"}
    ).is_redirect
    told = bob.get(f"/r/{room}/order").text
    assert "Newcomers answer a question first" in told
    assert "coco" not in told


def test_who_was_there_is_no_newcomer_and_an_invite_is_as_good_as_an_answer(
    ana: httpx.Client, bob: httpx.Client
) -> None:
    room = fresh()
    say(ana, room, "mine")
    (sheet,) = re.findall(rf"/r/{room}/read\.css\?until=[0-9-]+", bob.get(f"/r/{room}").text)
    assert bob.get(sheet).status_code == 200
    rule(ana, room, asks="1")
    assert bob.get(f"/r/{room}").status_code == 200
    made = ana.post(f"/r/{room}/invites", data={"uses": "1", "for": "day"}).text
    (path,) = re.findall(rf"/r/{room}/invites/[\w-]+(?=<)", made)
    with browser_of(ana) as guest:
        assert guest.get("/").status_code == 200
        assert guest.post(path).status_code == 303
        assert guest.get(f"/r/{room}").status_code == 200
    assert ana.get(f"/r/{room}/order").text.count("Take out") > 2


def test_an_address_that_brought_many_waits_and_loses_no_answer(behind: ServerProcess) -> None:
    here, room, bring = "198.51.100.9", fresh(), NEWCOMERS_OF_ADDRESS
    with browser(behind, **{"X-Forwarded-For": "198.51.100.84"}) as owner:
        say(owner, room, "mine")
        rule(owner, room, asks="1")
    brought = time.time() + (bring.most - 1) * bring.interval  # all but one
    with Redis.from_url(behind.store_url) as store:
        store.set(keys.allowance("newcomers", f"@{here}"), f"{brought * 1000:.3f}")
    with browser(behind, **{"X-Forwarded-For": here}) as one:
        codes = []
        for _ in range(3):
            one.cookies.clear()
            one.get("/")
            last = one.post(f"/r/{room}/answer", data=asked(behind, one, room))
            codes.append(last.status_code)
        assert codes == [303, 429, 429]
        assert "That is right, but many have just come in from your network." in last.text
        assert 60 < int(last.headers["Retry-After"]) <= bring.interval
        assert 4 <= int(field(last, "answer")) <= GREATEST
        assert one.get(f"/r/{room}").status_code == 403
