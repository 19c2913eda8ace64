"""Rules, roles and bans as browsers without a script see them; a banned person gets in nowhere."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

from quart_chat.pages.languages import LANGUAGES, Language, direction
from quart_chat.pages.languages import say as said
from tests.pages.trees import Tree
from tests.server.processes import ServerProcess
from tests.web.routes import VALUES, routes
from tests.web.test_forgetting import until
from tests.web.test_messages import say
from tests.web.visits import browser, fresh, tab


def tree(response: httpx.Response) -> Tree:
    return Tree(response.text.partition("<!doctype html>")[2])


def link_of(owner: httpx.Client, room: str, role: str) -> str:
    """Let an owner make a link; gives its path."""
    response = owner.post(f"/r/{room}/links", data={"role": role})
    assert response.status_code == 200, response.text
    (shown,) = (one for one in tree(response).elements if one.attributes.get("class") == "link")
    return urlsplit(shown.text).path


def rule(owner: httpx.Client, room: str, **rules: str) -> httpx.Response:
    return owner.post(f"/r/{room}/order", data={"writers": "everyone", "slow": "0", "files": "1"} | rules)


def ban(owner: httpx.Client, room: str, entry_id: str) -> httpx.Response:
    return owner.post(f"/r/{room}/m/{entry_id}/author", data={"do": "ban", "for": "day"})


def test_who_opens_a_room_sees_the_forms_and_others_the_rules(ana: httpx.Client, bob: httpx.Client) -> None:
    room = fresh()
    assert ana.get(f"/r/{room}/order").status_code == 404  # a room begins with its first message
    say(ana, room, "mine")
    assert "<select" in ana.get(f"/r/{room}/order").text
    page = bob.get(f"/r/{room}/order").text
    assert "<select" not in page
    assert "Everyone who has the link may write." in page
    assert f'href="/r/{room}/order"' in bob.get(f"/r/{room}").text
    assert bob.get(f"/r/{room.upper()}/order").headers["Location"] == f"/r/{room}/order"


def test_rules_hold_for_forms_and_are_told(ana: httpx.Client, bob: httpx.Client) -> None:
    room = fresh()
    say(ana, room, "mine")
    assert rule(ana, room, writers="moderators", slow="30").status_code == 303
    assert "Only moderators write in this room." in bob.get(f"/r/{room}").text
    assert "30 seconds" in bob.get(f"/r/{room}/order").text
    refused = bob.post(f"/r/{room}/messages", data={"text": "no", "nonce": fresh("n")})
    assert refused.status_code == 403
    assert "Only moderators write in this room." in refused.text
    say(ana, room, "yes")
    rule(ana, room, archived="1")
    page = ana.get(f"/r/{room}").text
    assert "This room is an archive" in page
    assert '<div class="write" hidden>' in page
    rule(ana, room)
    say(bob, room, "again")


def test_a_listed_room_stands_in_everybody_s_lobby(server: ServerProcess) -> None:
    room, title = fresh(), "Open <b>to</b> all"
    with browser(server) as ana, browser(server) as bob, browser(server) as eva:
        assert ana.post("/rooms", data={"title": room}).status_code == 303
        ana.post(f"/r/{room}/title", data={"title": title})
        ana.post(f"/r/{room}/topic", data={"topic": "What it is about"})
        assert rule(ana, room, listed="1").status_code == 303
        assert "Listed: the lobby shows it to everybody" in bob.get(f"/r/{room}/order").text
        until(lambda: f'href="/r/{room}"' in eva.get("/").text, "the room in the lobby")
        shown = eva.get("/").text
        assert "Open &lt;b&gt;to&lt;/b&gt; all" in shown
        assert "What it is about" in shown
        panel = tree(ana.get(f"/r/{room}/order"))
        assert panel.by_id("topic").attributes["value"] == "What it is about"
        assert 'id="topic"' not in bob.get(f"/r/{room}/order").text
        assert rule(ana, room, listed="1", closed="1").status_code == 303
        until(lambda: room not in eva.get("/").text, "no room in the lobby")
        for number in range(4):
            other = fresh()
            assert ana.post("/rooms", data={"title": other}).status_code == 303
            assert rule(ana, other, listed="1").status_code == 303, number
        assert ana.post("/rooms", data={"title": (other := fresh())}).status_code == 303
        assert rule(ana, other, listed="1").status_code == 429
        assert rule(ana, other).status_code == 303


def test_a_room_has_its_own_language_for_whom_chose_none(
    server: ServerProcess, ana: httpx.Client, bob: httpx.Client
) -> None:
    room = fresh()
    say(ana, room, "olá")
    rule(ana, room, language="pt-BR")
    for path in (f"/r/{room}", f"/r/{room}/order", f"/r/{room}/topic", f"/r/{room}/search?q=x"):
        assert '<html lang="pt-BR" dir="ltr" ' in bob.get(path).text, path
    page = bob.get(f"/r/{room}").text
    assert '<ol id="log" lang="pt-BR"' in page
    assert '"X-Page-Language":"pt-BR"' in page
    named = bob.post("/me", data={"name": "a" * 41}, headers={"HX-Request": "true", "X-Page-Language": "pt-BR"})
    assert "Um nome tem no máximo" in named.text  # a fragment is in the language of the page that asks
    assert '<html lang="en" dir="ltr" ' in bob.get("/", headers={"X-Page-Language": "tlh"}).text
    rule(ana, room, language="pt-BR", asks="1")
    with browser(server) as eva:
        assert '<html lang="pt-BR" dir="ltr" ' in eva.get(f"/r/{room}").text
        assert "Quanto é" in eva.get(f"/r/{room}").text
    rule(ana, room, language="pt-BR")
    bob.post("/language", data={"language": "en", "room": room})
    page = bob.get(f"/r/{room}").text
    assert '<html lang="en" dir="ltr" ' in page
    assert '<ol id="log" lang="pt-BR"' in page


@pytest.mark.parametrize("language", LANGUAGES, ids=lambda one: one.tag)
def test_an_owner_may_choose_any_language(ana: httpx.Client, bob: httpx.Client, language: Language) -> None:
    room = fresh()
    say(ana, room, "x")
    named = f'lang="{language.tag}" dir="{direction(language.tag)}"'
    assert f'<option value="{language.tag}" {named}>{language.name}</option>' in ana.get(f"/r/{room}/order").text
    assert rule(ana, room, language=language.tag).status_code == 303
    page = bob.get(f"/r/{room}").text
    assert f"<html {named} " in page
    assert said(language.tag, "Write a message") in page


async def test_a_tab_is_spoken_to_in_its_room_s_language(server: ServerProcess) -> None:
    room = fresh()
    with browser(server) as ana:
        say(ana, room, "olá")
        rule(ana, room, language="pt-BR")
        async with tab(server, room) as bob:
            await bob.enter()
            say(ana, room, "oi")
            assert 'aria-label="Mais"' in await bob.frame("oi</div>")


@pytest.mark.parametrize(
    "fields",
    [
        {"language": "tlh"},
        {"keep": "5"},
        {"keep": "x"},
        {},
        {"writers": "kings"},
        {"slow": "-1"},
        {"slow": "3601"},
        {"slow": "9" * 5000},
        {"slow": "٣"},
        {"slow": "x"},
    ],
)
def test_rules_that_are_none_are_refused(ana: httpx.Client, fields: dict[str, str]) -> None:
    room = fresh()
    say(ana, room, "mine")
    data = {"writers": "everyone", "slow": "0"} | fields if fields else {}
    assert ana.post(f"/r/{room}/order", data=data).status_code == 400


def test_files_are_refused_where_the_rules_say_so(ana: httpx.Client, bob: httpx.Client) -> None:
    room = fresh()
    say(ana, room, "mine")
    rule(ana, room, files="0")
    form = {"text": "x", "nonce": fresh("n")}
    refused = bob.post(f"/r/{room}/files", data=form, files={"file": ("a.txt", b"hello")})
    assert refused.status_code == 403
    assert "Messages carry no files in this room." in refused.text
    assert "multipart" not in bob.get(f"/r/{room}").text


def test_a_link_gives_a_role_by_its_button_and_not_by_being_looked_at(ana: httpx.Client, bob: httpx.Client) -> None:
    room = fresh()
    say(ana, room, "mine")
    path = link_of(ana, room, "moderator")
    assert path.rpartition("/")[2] not in ana.get(f"/r/{room}/order").text  # it was shown once
    page = bob.get(path)
    assert "Become a moderator" in page.text
    assert "moderat" not in bob.get(f"/r/{room}/order").text.partition("Who keeps order")[2].lower()
    assert bob.post(path).headers["Location"] == f"/r/{room}"
    assert "Muted and banned" in bob.get(f"/r/{room}/order").text
    assert bob.get(path[:-1] + ("x" if path[-1] != "x" else "y")).status_code == 404
    assert bob.post(f"/r/{room}/links", data={"role": "owner"}).status_code == 403
    assert ana.post(f"/r/{room}/links", data={"role": "king"}).status_code == 400


def test_an_owner_gives_and_takes_roles_of_those_who_are_known(ana: httpx.Client, bob: httpx.Client) -> None:
    room = fresh()
    say(ana, room, "mine")
    bob.post(link_of(ana, room, "moderator"))
    page = ana.get(f"/r/{room}/order").text
    (public,) = set(re.findall(r"/people/([0-9a-f]{16})", page)) - {own(ana, room)}
    assert bob.post(f"/r/{room}/people/{public}", data={"do": "owner"}).status_code == 403
    assert ana.post(f"/r/{room}/people/{'0' * 16}", data={"do": "owner"}).status_code == 404
    assert ana.post(f"/r/{room}/people/{public}", data={"do": "dance"}).status_code == 400
    assert ana.post(f"/r/{room}/people/{public}", data={"do": "member"}).status_code == 303
    assert "Muted and banned" not in bob.get(f"/r/{room}/order").text
    assert "needs an owner" in ana.post(f"/r/{room}/people/{own(ana, room)}", data={"do": "member"}).text


def own(client: httpx.Client, room: str) -> str:
    """The public id of somebody's browser."""
    return re.findall(r"/own/([0-9a-f]{16})\.css", client.get(f"/r/{room}").text)[0]


def test_a_menu_offers_to_mute_and_ban_to_those_who_may(ana: httpx.Client, bob: httpx.Client) -> None:
    room = fresh()
    mine, theirs = say(ana, room, "mine"), say(bob, room, "theirs")
    assert "/author" in ana.get(f"/r/{room}/m/{theirs}/menu").text
    assert "/author" in ana.get(f"/r/{room}/m/{theirs}").text
    for client, entry_id in ((ana, mine), (bob, mine), (bob, theirs)):
        assert "/author" not in client.get(f"/r/{room}/m/{entry_id}/menu").text
    assert bob.post(f"/r/{room}/m/{mine}/author", data={"do": "ban", "for": "day"}).status_code == 403
    for odd in ({"do": "ban"}, {"do": "ban", "for": "ever"}, {"for": "day"}, {"do": "mute", "for": "month"}):
        assert ana.post(f"/r/{room}/m/{theirs}/author", data=odd).status_code == 400
    assert ana.post(f"/r/{room}/m/1-1/author", data={"do": "ban", "for": "day"}).status_code == 404
    assert ana.post(f"/r/{room}/m/{theirs}/author", data={"do": "mute", "for": "hour"}).status_code == 303
    refused = bob.post(f"/r/{room}/messages", data={"text": "no", "nonce": fresh("n")})
    assert "A moderator has muted you here" in refused.text
    assert bob.get(f"/r/{room}").status_code == 200


KEPT_OUT = {
    "banned": "sent away from this room",
    "never invited": "This room is private.",
    "never asked": "One question before you come in.",
}


@pytest.mark.parametrize("kept_out", KEPT_OUT)
def test_who_is_kept_out_gets_in_by_no_route(
    ana: httpx.Client, bob: httpx.Client, tmp_path: Path, kept_out: str
) -> None:
    """By every route of a room, but by those of links to roles, of invites, of its passphrase and of an answer."""
    room = fresh()
    say(ana, room, "a secret word")
    if kept_out == "banned":
        entry_id = say(bob, room, "rude")
        assert ban(ana, room, entry_id).status_code == 303
    else:
        entry_id = say(ana, room, "just us")
        rules = {"asks": "1"} if kept_out == "never asked" else {"closed": "1"}
        assert rule(ana, room, **rules).status_code == 303
    values = {**VALUES, "name": room, "entry_id": entry_id, "public": own(ana, room)}
    of_rooms = [
        route
        for route in routes(tmp_path)
        if route.path.startswith("/r/<name>") and not route.path.endswith(("/<secret>", "/enter", "/answer"))
    ]
    assert len(of_rooms) > 20
    for route in of_rooms:
        data = {"text": "x", "nonce": fresh("n")} if route.method == "POST" else None
        response = bob.request(route.method, route.at(**values), data=data)
        assert response.status_code == 403, f"{route}: {response.text}"
        assert KEPT_OUT[kept_out] in response.text, route
        assert "secret" not in response.text, route
        assert "Ana" not in response.text, route
        assert room not in bob.get("/").text, route


def test_an_invite_lets_in_by_its_button(ana: httpx.Client, bob: httpx.Client) -> None:
    room = fresh()
    say(ana, room, "just us")
    assert "Invites" not in ana.get(f"/r/{room}/order").text
    rule(ana, room, closed="1")
    made = ana.post(f"/r/{room}/invites", data={"uses": "1", "for": "day"})
    (shown,) = (one for one in tree(made).elements if one.attributes.get("class") == "link")
    path = urlsplit(shown.text).path
    assert "for 1 person" in made.text
    assert "Come in" in bob.get(path).text
    assert bob.get(f"/r/{room}").status_code == 403
    assert bob.post(path).headers["Location"] == f"/r/{room}"
    assert "just us" in bob.get(f"/r/{room}").text
    assert "for 1 person" not in ana.get(f"/r/{room}/order").text
    assert bob.get(path).status_code == 404  # it was for one
    for odd in ({"uses": "0", "for": "day"}, {"uses": "1"}, {"uses": "1", "for": "ever"}, {"uses": "x", "for": "day"}):
        assert ana.post(f"/r/{room}/invites", data=odd).status_code == 400
    assert bob.post(f"/r/{room}/invites", data={"uses": "1", "for": "day"}).status_code == 403


def test_an_owner_changes_the_title_and_deletes_the_room(ana: httpx.Client, bob: httpx.Client) -> None:
    room = fresh()
    say(ana, room, "mine")
    assert bob.post(f"/r/{room}/title", data={"title": "His"}).status_code == 403
    assert ana.post(f"/r/{room}/title", data={"title": " "}).status_code == 422
    assert ana.post(f"/r/{room}/title", data={"title": "Mine & <b>only</b>"}).status_code == 303
    assert "<h1><bdi>Mine &amp; &lt;b&gt;only&lt;/b&gt;</bdi></h1>" in bob.get(f"/r/{room}").text
    assert ana.post(f"/r/{room}/delete").status_code == 400
    assert bob.post(f"/r/{room}/delete", data={"sure": "1"}).status_code == 403
    assert ana.post(f"/r/{room}/delete", data={"sure": "1"}).headers["Location"] == "/"
    assert "mine" not in bob.get(f"/r/{room}").text
    assert room not in ana.get("/").text
    say(bob, room, "free again")
    assert "<select" in bob.get(f"/r/{room}/order").text


def test_the_name_of_an_owner_who_is_away_is_nobody_else_s(ana: httpx.Client, bob: httpx.Client) -> None:
    room, name = fresh(), fresh("Paula")
    assert ana.post("/me", data={"name": name}).status_code == 303
    say(ana, room, "mine")
    taken = bob.post("/me", data={"name": name.upper(), "room": room})
    assert taken.status_code == 422
    assert "who owns this room" in taken.text
    rule(ana, room, closed="1")
    told = bob.post("/me", data={"name": name.upper(), "room": room})  # who is not in it hears nothing of who is
    assert told.status_code == 303
    rule(ana, room)
    entry_id = say(bob, room, "not hers")
    shown = re.search(rf'id="m-{entry_id}".*?<bdi class="name[^"]*">([^<]*)<', ana.get(f"/r/{room}").text, re.DOTALL)
    assert shown is not None
    assert shown[1].startswith(f"{name.upper()} ")  # and a number


def test_the_address_of_a_private_room_that_was_deleted_is_its_owner_s_for_a_day(
    ana: httpx.Client, bob: httpx.Client
) -> None:
    room = fresh()
    say(ana, room, "just us")
    say(bob, room, "us")
    rule(ana, room, closed="1")
    assert bob.get(f"/r/{room}").status_code == 200
    let_in = ana.get(f"/r/{room}/order").text.partition("Who was let in")[2].partition("</section>")[0]
    assert let_in.count("Take out</button>") == 1  # and not who keeps the room
    assert "For a day nobody but you" in ana.get(f"/r/{room}/order").text
    assert ana.post(f"/r/{room}/delete", data={"sure": "1"}).status_code == 303
    late = bob.post(f"/r/{room}/messages", data={"text": "late", "nonce": fresh("n")})
    assert late.status_code == 403
    assert bob.get(f"/r/{room}").status_code == 403
    assert bob.post("/rooms", data={"title": room}).status_code == 403
    assert "just us" not in ana.get(f"/r/{room}").text
    say(ana, room, "anew")
    assert "anew" in bob.get(f"/r/{room}").text


def test_a_moderator_purges_an_hour(ana: httpx.Client, bob: httpx.Client) -> None:
    room = fresh()
    say(ana, room, "mine")
    say(bob, room, "rude")
    entry_id = say(bob, room, "ruder")
    assert ana.post(f"/r/{room}/m/{entry_id}/author", data={"do": "purge"}).status_code == 303
    page = bob.get(f"/r/{room}").text
    assert "rude" not in page
    assert page.count("This message was deleted.") == 2
    assert bob.post(f"/r/{room}/m/{entry_id}/author", data={"do": "purge"}).status_code == 403


def test_a_network_is_let_in_again(behind: ServerProcess) -> None:
    here, there = {"X-Forwarded-For": "198.51.100.77"}, {"X-Forwarded-For": "198.51.100.78"}
    with browser(behind, **there) as owner, browser(behind, **here) as other:
        room = fresh()
        say(owner, room, "mine")
        entry_id = say(other, room, "rude")
        data = {"do": "ban", "for": "hour", "network": "1"}
        assert owner.post(f"/r/{room}/m/{entry_id}/author", data=data).status_code == 303
        assert other.get(f"/r/{room}").status_code == 403
        with browser(behind, **here) as again:  # no tab of theirs was open, so nobody knows where they came from
            assert again.get(f"/r/{room}").status_code == 200


def test_a_message_is_reported(ana: httpx.Client, bob: httpx.Client) -> None:
    room = fresh()
    entry_id = say(ana, room, "odd")
    assert "/report" in bob.get(f"/r/{room}/m/{entry_id}/menu").text
    assert "/report" in bob.get(f"/r/{room}/m/{entry_id}").text
    assert "/report" not in ana.get(f"/r/{room}/m/{entry_id}/menu").text
    assert bob.post(f"/r/{room}/m/{entry_id}/report").status_code == 303
    assert "have been told" in bob.post(f"/r/{room}/m/{entry_id}/report", headers={"HX-Request": "true"}).text
    assert f'href="/r/{room}/m/{entry_id}">a message</a>' in ana.get(f"/r/{room}/order").text
    assert bob.post(f"/r/{room}/m/1-1/report").status_code == 404


def test_who_keeps_their_name_writes_where_that_is_asked(ana: httpx.Client, bob: httpx.Client) -> None:
    room = fresh()
    say(ana, room, "mine")
    rule(ana, room, writers="verified")
    assert "Only people who keep their name by a phrase" in bob.get(f"/r/{room}").text
    entry_id = re.findall(r'<li id="m-([0-9-]+)"', bob.get(f"/r/{room}").text)[-1]
    form = {"text": "x", "nonce": fresh("n")}
    assert bob.post(f"/r/{room}/messages", data=form).status_code == 403
    assert bob.post(f"/r/{room}/files", data=form, files={"file": ("a.txt", b"x")}).status_code == 403
    assert bob.post(f"/r/{room}/m/{entry_id}/react", data={"emoji": "🎉"}).status_code == 403
    assert "/react" not in bob.get(f"/r/{room}/m/{entry_id}/menu").text
    assert bob.post("/me", data={"name": fresh("Keeper")}).status_code == 303
    assert bob.post("/me/phrase", data={"phrase": "a phrase of several words"}).status_code in {200, 303}
    say(bob, room, "now")
    assert "/react" in bob.get(f"/r/{room}/m/{entry_id}/menu").text
    assert bob.post(f"/r/{room}/m/{entry_id}/react", data={"emoji": "🎉"}).status_code == 303
    files = {"file": ("a.txt", b"x")}
    assert bob.post(f"/r/{room}/files", data={**form, "nonce": fresh("n")}, files=files).status_code == 303
    theirs = say(bob, room, "rude")
    ana.post(f"/r/{room}/m/{theirs}/author", data={"do": "mute", "for": "hour"})
    for page in (f"/r/{room}/m/{theirs}/menu", f"/r/{room}/m/{theirs}", f"/r/{room}/order"):
        assert "\x06" not in ana.get(page).text, "the mark of a kept name stands in pages as it does in the store"
    assert ana.get(f"/r/{room}/order").text.count('class="proof"') == 2  # who is muted, and in what was done


def test_who_knows_the_passphrase_gets_into_a_private_room(ana: httpx.Client, bob: httpx.Client) -> None:
    room = fresh()
    say(ana, room, "just us")
    rule(ana, room, closed="1")
    phrase = {"phrase": "correct horse battery"}
    assert "Passphrase" not in bob.get(f"/r/{room}").text
    assert bob.post(f"/r/{room}/enter", data=phrase).status_code == 403
    assert ana.post(f"/r/{room}/phrase", data={"phrase": "short"}).status_code == 422
    assert bob.post(f"/r/{room}/phrase", data=phrase).status_code == 403
    assert ana.post(f"/r/{room}/phrase", data=phrase).status_code == 303
    locked = bob.get(f"/r/{room}")
    assert locked.status_code == 403
    assert f'action="/r/{room}/enter"' in locked.text
    assert "just us" not in locked.text
    for wrong in ("wrong horse battery", "x", "", "x" * 5000):
        refused = bob.post(f"/r/{room}/enter", data={"phrase": wrong})
        assert refused.status_code == 422
        assert "That is not the passphrase of this room." in refused.text
    assert bob.post(f"/r/{room}/enter", data={"phrase": " correct horse battery "}).status_code == 303
    assert "just us" in bob.get(f"/r/{room}").text
    assert ana.post(f"/r/{room}/phrase", data={"phrase": ""}).status_code == 303
    with browser_of(ana) as third:
        assert third.post(f"/r/{room}/enter", data=phrase).status_code == 403


def test_guesses_at_a_passphrase_are_slowed(ana: httpx.Client, bob: httpx.Client) -> None:
    room = fresh()
    say(ana, room, "just us")
    rule(ana, room, closed="1")
    ana.post(f"/r/{room}/phrase", data={"phrase": "correct horse battery"})
    codes = [bob.post(f"/r/{room}/enter", data={"phrase": f"guess number {n}"}).status_code for n in range(12)]
    assert codes[:5] == [422] * 5
    assert codes[-1] == 429
    refused = bob.post(f"/r/{room}/enter", data={"phrase": "correct horse battery"})
    assert refused.status_code == 429
    assert int(refused.headers["Retry-After"]) > 1


def browser_of(client: httpx.Client) -> httpx.Client:
    """Somebody else's browser, on the same server."""
    url = str(client.base_url)
    return httpx.Client(base_url=url, headers={"Origin": url.rstrip("/")}, trust_env=False)


def test_an_invite_is_taken_back(ana: httpx.Client, bob: httpx.Client) -> None:
    room = fresh()
    say(ana, room, "just us")
    rule(ana, room, closed="1")
    made = ana.post(f"/r/{room}/invites", data={"uses": "5", "for": "week"})
    (shown,) = (one for one in tree(made).elements if one.attributes.get("class") == "link")
    (taken,) = re.findall(r'name="take" value="([0-9a-f]+)"', made.text)
    assert ana.post(f"/r/{room}/invites", data={"take": taken}).status_code == 303
    assert bob.post(urlsplit(shown.text).path).status_code == 404


def test_a_room_that_closes_leaves_the_lobby_of_who_was_there_once(ana: httpx.Client, bob: httpx.Client) -> None:
    """They had looked without ever saying that they did; so the room does not know them."""
    room = fresh()
    say(ana, room, "hello")
    bob.get(f"/r/{room}")
    assert room in bob.get("/").text
    rule(ana, room, closed="1")
    assert room not in bob.get("/").text
    assert room in ana.get("/").text


async def test_who_is_banned_gets_no_socket(server: ServerProcess, ana: httpx.Client, bob: httpx.Client) -> None:
    room = fresh()
    say(ana, room, "mine")
    entry_id = say(bob, room, "rude")
    cookie = f"quart_chat={bob.cookies['quart_chat']}"
    async with tab(server, room, cookie=cookie) as page:
        await page.enter()
        ban(ana, room, entry_id)
        assert await page.frame("sent away from this room")
        assert await page.close_code() == 1008
    async with tab(server, room, cookie=cookie) as page:
        assert await page.frame("sent away from this room")
        assert await page.close_code() == 1008
