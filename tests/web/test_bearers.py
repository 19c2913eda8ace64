"""Tokens instead of cookies: people's and bots', what they open, what they never open, and that they end."""

from __future__ import annotations

import re
import time
from base64 import b64encode
from pathlib import Path

import httpx
import pytest

from quart_chat.app import create_app
from quart_chat.config import Settings
from quart_chat.room.handover import ticket_of
from quart_chat.store import keys
from quart_chat.web import bearers
from tests.server.processes import ServerProcess, store
from tests.web.test_forgetting import kept_of, public
from tests.web.test_messages import say
from tests.web.test_order import ban, own, rule
from tests.web.visits import browser, fresh, identity_of, tab

SHOWN = re.compile(r'<p class="link"[^>]*>(q[cb]_[^<]+)</p>')
HTMX = {"HX-Request": "true"}


def token_of(client: httpx.Client, label: str = "") -> str:
    """Make a token on somebody's page."""
    made = client.post("/me/tokens", data={"label": label})
    assert made.status_code == 200, made.text
    return SHOWN.findall(made.text)[0]


def bot_of(keeper: httpx.Client, room: str, name: str = "Robo", rights: str = "write") -> str:
    """Let a bot into a room."""
    made = keeper.post(f"/r/{room}/bots", data={"name": name, "rights": rights})
    assert made.status_code == 200, made.text
    return SHOWN.findall(made.text)[0]


def program(server: ServerProcess, token: str, **headers: str) -> httpx.Client:
    """Make a client that shows a token, says no origin, and has no cookie."""
    return browser(server, origin=False, Authorization=f"Bearer {token}", **headers)


def until_refused(client: httpx.Client, path: str) -> httpx.Response:
    deadline = time.monotonic() + 10
    while (response := client.get(path)).status_code == 200:
        assert time.monotonic() < deadline, "it is taken still"
        time.sleep(0.05)
    return response


def test_a_token_is_shown_once_and_the_request_is_that_person(server: ServerProcess, ana: httpx.Client) -> None:
    room, name = fresh(), fresh("Paula")
    ana.post("/me", data={"name": name})
    say(ana, room, "mine")
    token = token_of(ana, "weather <b>script</b>")
    page = ana.get("/me").text
    assert token not in page
    assert "weather &lt;b&gt;script&lt;/b&gt;" in page
    assert "never used" in page
    with program(server, token) as script:
        assert own(script, room) == own(ana, room)
        assert "Set-Cookie" not in script.get("/me").headers
        assert "Set-Cookie" not in script.get(f"/r/{room}").headers
        sent = script.post(f"/r/{room}/messages", data={"text": "by a script", "nonce": fresh("n")})
        assert sent.status_code == 303
        assert "Set-Cookie" not in sent.headers
        assert not script.cookies
    shown = ana.get(f"/r/{room}").text
    assert "by a script" in shown
    assert "last used on 20" in ana.get("/me").text


def test_a_token_counts_as_the_password_of_basic_and_no_cookie_beside_it(
    server: ServerProcess, ana: httpx.Client, bob: httpx.Client
) -> None:
    room = fresh()
    say(ana, room, "mine")
    token = token_of(ana)
    for pair in (f":{token}", f"{token}:", f"curl:{token}"):
        basic = {"Authorization": f"Basic {b64encode(pair.encode()).decode()}"}
        assert own(bob, room) != own(ana, room)
        with browser(server, origin=False, **basic) as script:
            script.cookies.update(bob.cookies)
            assert own(script, room) == own(ana, room), pair
    # what a proxy in front asked for, and passes on, is nothing of ours
    proxied = {"Authorization": f"Basic {b64encode(b'ana:secret').decode()}"}
    assert bob.get(f"/r/{room}", headers=proxied).status_code == 200


@pytest.mark.parametrize("shown", ["qc_" + "x" * 32, "qb_room_" + "x" * 32, "x", "qc_", "qc_\xff", "x" * 5000])
def test_what_opens_nothing_is_told_so(server: ServerProcess, shown: str) -> None:
    with browser(server) as client:
        headers = {"Authorization": f"Bearer {shown}".encode("latin-1")}
        for path in ("/", "/me", "/r/some-room", "/no/such/address"):
            refused = client.get(path, headers=headers)
            assert refused.status_code == 401, path
            assert "opens nothing" in refused.text
            assert refused.headers["WWW-Authenticate"].startswith("Bearer ")
            assert "Set-Cookie" not in refused.headers


def test_a_foreign_page_is_refused_even_with_a_token(server: ServerProcess, ana: httpx.Client) -> None:
    """A browser that was given one by a name and password would show it by itself."""
    room = fresh()
    with program(server, token_of(ana)) as script:
        form = {"text": "x", "nonce": fresh("n")}
        for headers in ({"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}, {"Origin": "null"}):
            assert script.post(f"/r/{room}/messages", data=form, headers=headers).status_code == 403
        assert "Access-Control-Allow-Origin" not in script.get("/").headers


def test_a_token_makes_nothing_that_outlives_it(server: ServerProcess, ana: httpx.Client) -> None:
    with program(server, token_of(ana)) as script:
        for path in ("/me/tokens", "/me/elsewhere", "/me/phrase", "/me/proof", "/me/release", "/me/forget"):
            refused = script.post(path, data={"sure": "1", "phrase": "three sad tigers"})
            assert refused.status_code == 403, path
            assert "Do that in your browser" in refused.text
        assert script.get("/me").status_code == 200


def test_a_token_that_was_taken_back_opens_nothing_within_seconds(
    server: ServerProcess, ana: httpx.Client, bob: httpx.Client
) -> None:
    token = token_of(ana, "old")
    ticket = re.findall(r'name="take" value="([0-9a-f]{64})"', ana.get("/me").text)[0]
    assert ticket == ticket_of(token)
    with program(server, token) as script:
        assert script.get("/me").status_code == 200
        assert bob.post("/me/tokens", data={"take": ticket}).status_code == 404  # it is not theirs
        assert script.get("/me").status_code == 200
        taken = ana.post("/me/tokens", data={"take": ticket}, headers=HTMX)
        assert taken.status_code == 200
        assert ticket not in taken.text
        assert until_refused(script, "/me").status_code == 401
    with store(server) as held:
        assert not held.exists(keys.token(ticket))


def test_the_store_tells_neither_a_token_nor_whose_it_is(server: ServerProcess, ana: httpx.Client) -> None:
    token = token_of(ana)
    with store(server) as held:
        for key in held.scan_iter("c:{~*}:token*", count=1000):
            told = str(held.get(key) if held.type(key) == "string" else held.hgetall(key)) + key
            assert token not in told
            assert token.removeprefix("qc_") not in told
            assert identity_of(ana) not in told


def test_who_is_forgotten_has_no_tokens(server: ServerProcess, ana: httpx.Client) -> None:
    token, person = token_of(ana), public(ana)
    assert keys.tokens(person) in kept_of(server, person)
    assert ana.post("/me/forget", data={"sure": "1"}).status_code == 200
    assert keys.tokens(person) not in kept_of(server, person)
    with program(server, token) as script:
        assert until_refused(script, "/me").status_code == 401


def test_somebody_has_twenty_tokens_at_most_and_their_words_are_short(server: ServerProcess, ana: httpx.Client) -> None:
    refused = ana.post("/me/tokens", data={"label": "x" * 41})
    assert refused.status_code == 422
    assert "at most 40 characters" in refused.text
    person = public(ana)
    with store(server) as held:
        held.hset(keys.tokens(person), mapping={f"{one:064x}": "2026-11-28 - x" for one in range(20)})
    refused = ana.post("/me/tokens", data={"label": "one more"}, headers=HTMX)
    assert refused.status_code == 403
    assert "at most 20 tokens" in refused.text


# --- bots --------------------------------------------------------------------------------------------


def test_a_bot_writes_under_its_name_with_a_mark_that_nobody_types(
    server: ServerProcess, ana: httpx.Client, bob: httpx.Client
) -> None:
    room = fresh()
    say(ana, room, "mine")
    with program(server, bot_of(ana, room, "Forecast")) as bot:
        assert bot.post(f"/r/{room}/messages", data={"text": "rain", "nonce": "n1"}).status_code == 303
        assert bot.post(f"/r/{room}/messages", data={"text": "/nick Ana", "nonce": "n2"}).status_code == 422
    page = bob.get(f"/r/{room}").text
    assert 'Forecast <small class="bot">bot</small>' in page
    assert "\x05" not in page
    assert bob.post("/me", data={"name": "\x05Forecast"}).status_code == 303
    say(bob, room, "I am not")
    assert page.count("</small>") == bob.get(f"/r/{room}").text.count("</small>")
    deeds = ana.get(f"/r/{room}/order").text
    assert "let a bot in:" in deeds
    assert "Forecast" in deeds


async def test_a_bot_whose_name_somebody_has_is_shown_beside_them_with_its_mark(
    server: ServerProcess, ana: httpx.Client, bob: httpx.Client
) -> None:
    room = fresh()
    say(ana, room, "mine")
    with program(server, bot_of(ana, room, "Tempest")) as bot:
        assert bob.post("/me", data={"name": "Tempest"}).status_code == 303
        async with tab(server, room, cookie=f"quart_chat={bob.cookies['quart_chat']}") as page:
            await page.enter()
            bot.post(f"/r/{room}/messages", data={"text": "rain", "nonce": "n1"})
            assert re.search(r'Tempest \d+ <small class="bot">bot</small>', await page.frame("rain"))


def test_a_bot_works_in_its_room_alone_and_does_nothing_else(server: ServerProcess, ana: httpx.Client) -> None:
    room, other = fresh(), fresh()
    say(ana, room, "mine")
    say(ana, other, "elsewhere")
    with program(server, bot_of(ana, room)) as bot:
        assert bot.get(f"/r/{room}").status_code == 200
        for path in (f"/r/{other}", f"/r/{other}/messages", "/", "/me", "/rooms", f"/r/{room}/order", "/no-such"):
            refused = bot.get(path)
            assert refused.status_code == 403, path
            assert "elsewhere" not in refused.text
        link = re.findall(r"/r/[^<]*/keys/[^<]*", ana.post(f"/r/{room}/links", data={"role": "owner"}).text)[0]
        assert bot.post(link).status_code == 403
        for path, data in (("/me", {"name": "X"}), ("/me/tokens", {}), ("/me/forget", {"sure": "1"}), ("/rooms", {})):
            assert bot.post(path, data=data).status_code == 403, path
        assert bot.post(f"/r/{other}/messages", data={"text": "x", "nonce": "n"}).status_code == 403


def test_a_bot_obeys_the_rules_and_those_who_keep_the_room(server: ServerProcess, ana: httpx.Client) -> None:
    room = fresh()
    say(ana, room, "mine")
    with program(server, bot_of(ana, room)) as bot, program(server, bot_of(ana, room, "Reads", "read")) as reader:

        def sent(client: httpx.Client) -> int:
            return client.post(f"/r/{room}/messages", data={"text": "x", "nonce": fresh("n")}).status_code

        assert reader.get(f"/r/{room}").status_code == 200
        assert sent(reader) == 403
        rule(ana, room, closed="1", writers="moderators")  # those who keep the room let it write
        assert [sent(bot), sent(reader), reader.get(f"/r/{room}").status_code] == [303, 403, 200]
        rule(ana, room, archived="1")
        assert sent(bot) == 403
        rule(ana, room, slow="3600")
        assert [sent(bot), sent(bot)] == [303, 429]
        rule(ana, room)
        theirs = re.findall(r'id="m-([0-9]+-[0-9]+)"', ana.get(f"/r/{room}").text)[-1]
        ana.post(f"/r/{room}/m/{theirs}/author", data={"do": "mute", "for": "hour"})
        assert sent(bot) == 403
        assert ana.post(f"/r/{room}/people/{own(bot, room)}", data={"do": "owner"}).status_code == 403
        assert ban(ana, room, theirs).status_code == 303
        assert bot.get(f"/r/{room}").status_code == 403


def test_only_who_keeps_a_room_lets_bots_in_and_sends_them_away(
    server: ServerProcess, ana: httpx.Client, bob: httpx.Client
) -> None:
    room = fresh()
    say(ana, room, "mine")
    assert bob.post(f"/r/{room}/bots", data={"name": "X", "rights": "write"}).status_code == 403
    for name, status in (("", 422), ("x" * 41, 422), ("Paypаl", 422)):  # the last with a letter of another script
        assert ana.post(f"/r/{room}/bots", data={"name": name, "rights": "read"}).status_code == status
    assert ana.post(f"/r/{room}/bots", data={"name": "X"}).status_code == 400
    with program(server, bot_of(ana, room)) as bot:
        assert bot.get(f"/r/{room}").status_code == 200
        page = ana.get(f"/r/{room}/order").text
        assert "reads and writes" in page
        assert "Bots" not in bob.get(f"/r/{room}/order").text
        (ticket,) = re.findall(r'name="take" value="([0-9a-f]{64})"', page)
        assert bob.post(f"/r/{room}/bots", data={"take": ticket}).status_code == 403
        assert ana.post(f"/r/{room}/bots", data={"take": "0" * 64}).status_code == 404
        assert ana.post(f"/r/{room}/bots", data={"take": ticket}).headers["Location"] == f"/r/{room}/order"
        assert until_refused(bot, f"/r/{room}").status_code == 401
    assert "sent a bot away:" in ana.get(f"/r/{room}/order").text


def test_a_bot_ends_with_its_room(server: ServerProcess, ana: httpx.Client) -> None:
    room = fresh()
    say(ana, room, "mine")
    with program(server, bot_of(ana, room)) as bot:
        assert bot.get(f"/r/{room}").status_code == 200
        assert ana.post(f"/r/{room}/delete", data={"sure": "1"}).status_code == 303
        assert until_refused(bot, f"/r/{room}").status_code == 401


def test_wrong_tokens_are_limited_by_address_and_right_ones_are_not(behind: ServerProcess) -> None:
    here = {"X-Forwarded-For": "203.0.113.77"}
    with browser(behind, **here) as ana:
        ana.get("/")
        token = token_of(ana)
        seen = []
        for number in range(64):
            shown = {"Authorization": f"Bearer qc_{number:032d}"}
            seen.append(ana.get("/me", headers=shown).status_code)
        assert set(seen) == {401, 429}
        assert seen[0] == 401
        with program(behind, token, **here) as script:
            assert script.get("/me").status_code == 200


def test_what_is_said_of_blueprints_and_routes_is_said_of_some_that_there_are(tmp_path: Path) -> None:
    app = create_app(Settings(data=tmp_path, redis_url="redis://127.0.0.1:1/0", secret_key="k" * 16))
    assert {*bearers.OTHERS, *bearers.FOR_BOTS, *bearers.HANDS_ON} <= app.blueprints.keys()
    assert set(bearers.HANDS_OVER) <= {rule.endpoint for rule in app.url_map.iter_rules()}


def test_an_owner_s_token_hands_on_nothing_of_their_room(server: ServerProcess, ana: httpx.Client) -> None:
    room = fresh()
    say(ana, room, "mine")
    with program(server, token_of(ana)) as held:
        for path, data in (
            ("bots", {"name": "Evil", "rights": "write"}),
            ("links", {"role": "owner"}),
            ("invites", {"uses": "5", "for": "month"}),
            ("hooks", {"do": "in", "name": "Evil"}),
            ("phrase", {"phrase": "a long enough phrase"}),
        ):
            assert held.post(f"/r/{room}/{path}", data=data).status_code == 403, path
        assert held.get(f"/r/{room}").status_code == 200
