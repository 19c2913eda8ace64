"""A room's Atom feed: what it tells, as an XML parser reads it, when it is new, and who gets it."""

from __future__ import annotations

import re
import time
from base64 import b64encode
from xml.etree import ElementTree

import httpx
import pytest

from tests.hostile import HOSTILE
from tests.server.processes import ServerProcess
from tests.web.test_bearers import token_of
from tests.web.test_messages import say
from tests.web.test_order import ban, rule
from tests.web.visits import browser, fresh

ATOM = "{http://www.w3.org/2005/Atom}"


def feed(client: httpx.Client, room: str, **headers: str) -> ElementTree.Element:
    response = client.get(f"/r/{room}/feed.atom", headers=headers)
    assert response.status_code == 200, response.text
    assert response.headers["Content-Type"] == "application/atom+xml; charset=utf-8"
    found = ElementTree.fromstring(response.content)
    for element in (found, *found.iter(f"{ATOM}entry")):
        for name in ("id", "title", "updated"):  # which RFC 4287 asks for
            assert len(element.findall(ATOM + name)) == 1, name
            assert element.findtext(ATOM + name), name
    return found


def entries(found: ElementTree.Element) -> list[ElementTree.Element]:
    return found.findall(f"{ATOM}entry")


def test_a_feed_tells_the_newest_messages_as_they_stand(server: ServerProcess, ana: httpx.Client) -> None:
    room, name = fresh(), fresh("Paula")
    ana.post("/me", data={"name": name})
    first, second, gone = (say(ana, room, text) for text in ("the *first* & <b>", "second", "a secret"))
    ana.post(f"/r/{room}/m/{second}/edit", data={"text": "better"})
    ana.post(f"/r/{room}/m/{gone}/delete")
    ana.post(f"/r/{room}/topic", data={"topic": "about <this>"})
    found = feed(ana, room)
    assert found.findtext(f"{ATOM}subtitle") == "about <this>"
    links = {one.get("rel"): one.get("href") for one in found.findall(f"{ATOM}link")}
    assert links == {"alternate": f"{server.url}/r/{room}", "self": f"{server.url}/r/{room}/feed.atom"}
    newer, older = entries(found)
    assert older.findtext(f"{ATOM}content") == "the <em>first</em> &amp; &lt;b&gt;"
    assert older.findtext(f"{ATOM}title") == "the first & <b>"
    assert older.findtext(f"{ATOM}author/{ATOM}name") == name
    assert newer.findtext(f"{ATOM}content") == "better"
    assert [one.findtext(f"{ATOM}id") for one in (older, newer)] == [
        f"{server.url}/r/{room}/m/{one}" for one in (first, second)
    ]
    assert (newer.findtext(f"{ATOM}updated") or "") >= (newer.findtext(f"{ATOM}published") or "x")
    assert "secret" not in ElementTree.tostring(found, "unicode")
    assert f'type="application/atom+xml" title="{room}" href="/r/{room}/feed.atom"' in ana.get(f"/r/{room}").text


def test_a_feed_has_thirty_messages_at_most(ana: httpx.Client) -> None:
    room = fresh()
    for number in range(32):
        say(ana, room, f"number {number}")
    told = entries(feed(ana, room))
    assert [one.findtext(f"{ATOM}title") for one in (told[0], told[-1])] == ["number 31", "number 2"]
    assert len(told) == 30


def test_whatever_people_write_is_a_text_in_a_feed(ana: httpx.Client) -> None:
    room = fresh()
    ana.post("/rooms", data={"title": room})
    ana.post(f"/r/{room}/title", data={"title": "<script>&\x0c]]>"})
    names = {one.tag for one in feed(ana, room).iter()}
    for hostile in HOSTILE[:20]:
        ana.post(f"/r/{room}/messages", data={"text": hostile, "nonce": fresh("n")})
    found = feed(ana, room)
    wanted = ("entry", "id", "title", "link", "published", "updated", "author", "name", "content")
    assert {one.tag for one in found.iter()} == names | {ATOM + one for one in wanted}
    assert len(entries(found)) >= 15
    assert found.findtext(f"{ATOM}title") == "<script>& ]]>"


def test_files_are_enclosures(server: ServerProcess, ana: httpx.Client) -> None:
    room = fresh()
    ana.post(f"/r/{room}/files", data={"nonce": "n", "text": ""}, files=[("file", ("a b.txt", b"hello", "text/plain"))])
    (entry,) = entries(feed(ana, room))
    (link,) = (one for one in entry.findall(f"{ATOM}link") if one.get("rel") == "enclosure")
    assert (link.get("length"), link.get("title")) == ("5", "a b.txt")
    address = link.get("href") or ""
    assert ana.get(address).content == b"hello"
    assert entry.findtext(f"{ATOM}title") == "📎 a b.txt"


def test_a_feed_is_given_again_only_if_something_changed(ana: httpx.Client, bob: httpx.Client) -> None:
    room = fresh()
    one = say(ana, room, "mine")
    path = f"/r/{room}/feed.atom"
    tag = bob.get(path).headers["ETag"]
    known = {"If-None-Match": f'"other", W/{tag}'}
    same = bob.get(path, headers=known)
    assert (same.status_code, same.content, same.headers["ETag"]) == (304, b"", tag)
    ana.post(f"/r/{room}/m/{one}/edit", data={"text": "better"})
    changed = bob.get(path, headers=known)
    assert changed.status_code == 200
    deadline = time.monotonic() + 10
    while "Last-Modified" not in (now := bob.get(path).headers):  # not within the same second
        assert time.monotonic() < deadline
        time.sleep(0.05)
    dated = {"If-Modified-Since": now["Last-Modified"]}
    assert bob.get(path, headers=dated).status_code == 304
    assert bob.get(path, headers={**dated, "If-None-Match": tag}).status_code == 200
    ana.post(f"/r/{room}/m/{one}/delete")
    assert bob.get(path, headers=dated).status_code == 200
    rule(ana, room, keep="24")
    assert "Last-Modified" not in bob.get(path).headers


def test_a_feed_is_for_who_may_be_in_the_room(server: ServerProcess, ana: httpx.Client, bob: httpx.Client) -> None:
    room = fresh()
    say(ana, room, "a secret word")
    say(bob, room, "theirs")
    assert bob.get(f"/r/{fresh()}/feed.atom").status_code == 404
    assert bob.get(f"/r/{room.upper()}/feed.atom").headers["Location"] == f"/r/{room}/feed.atom"
    ban(ana, room, re.findall(r'id="m-([0-9]+-[0-9]+)"', ana.get(f"/r/{room}").text)[-1])
    rule(ana, room, closed="1")
    with browser(server, origin=False) as reader:
        for client in (bob, reader):
            refused = client.get(f"/r/{room}/feed.atom")
            assert refused.status_code == 403
            assert "secret" not in refused.text
        basic = f"Basic {b64encode(f':{token_of(ana)}'.encode()).decode()}"
        assert len(entries(feed(reader, room, Authorization=basic))) == 2


@pytest.mark.parametrize("language", ["pt-BR", "en"])
def test_what_has_no_words_has_a_title_all_the_same(ana: httpx.Client, language: str) -> None:
    room = fresh()
    say(ana, room, "```\n\n```")
    (entry,) = entries(feed(ana, room, **{"Accept-Language": language}))
    assert entry.findtext(f"{ATOM}title")
