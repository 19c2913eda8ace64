"""How a room is shared: its link as a QR code and by e-mail, and invites from where the link is."""

from __future__ import annotations

import re

import httpx

from tests.pages.trees import Tree
from tests.web.visits import fresh

HTMX = {"HX-Request": "true"}
CLOSED = {"writers": "everyone", "slow": "0", "files": "1", "closed": "1"}


def test_a_room_s_link_is_shared_as_a_code_and_by_mail(client: httpx.Client) -> None:
    title = fresh("shared")
    room = client.post("/rooms", data={"title": f"{title} <b>"}).headers["Location"].removeprefix("/r/")
    page = client.get(f"/r/{room}/share")
    assert page.status_code == 200
    assert f'<p class="link" dir="ltr">{client.base_url}/r/{room}</p>' in page.text
    assert 'class="qr"' in page.text
    assert f"mailto:?body=http%3A%2F%2F127.0.0.1%3A{client.base_url.port}%2Fr%2F{room}" in page.text
    assert "Whoever opens the link is in." in page.text
    assert f"{title} &lt;b&gt;" in page.text
    part = client.get(f"/r/{room}/share", headers=HTMX).text
    assert "<!doctype" not in part
    assert "<svg" in part
    assert f'hx-get="/r/{room}/share"' in client.get(f"/r/{room}").text
    assert client.get(f"/r/{room.upper()}/share").headers["Location"] == f"/r/{room}/share"


def test_who_keeps_order_makes_an_invite_there_and_others_are_told_who_does(
    ana: httpx.Client, bob: httpx.Client
) -> None:
    room = fresh("asked")
    ana.post("/rooms", data={"title": room})
    assert 'action="/r/' not in bob.get(f"/r/{room}/share").text, "an open room needs no invites"
    bob.post(f"/r/{room}/messages", data={"text": "I am here", "nonce": fresh("n")})
    ana.post(f"/r/{room}/order", data=CLOSED)
    told = bob.get(f"/r/{room}/share").text
    assert "whoever has only the link does not get in" in told
    assert "Its moderators make invites." in told
    assert "New invite" not in told
    page = ana.get(f"/r/{room}/share").text
    assert Tree(page.partition("<!doctype html>")[2]).by_id("invite").attributes["action"] == f"/r/{room}/invites"
    made = ana.post(f"/r/{room}/invites", data={"uses": "1", "for": "hour"}, headers=HTMX).text
    (link,) = re.findall(rf'<p class="link" dir="ltr">{ana.base_url}(/r/{room}/invites/[^<]+)</p>', made)
    assert "<!doctype" not in made
    with httpx.Client(base_url=ana.base_url, headers={"Origin": str(ana.base_url).rstrip("/")}, trust_env=False) as eva:
        eva.get("/")
        assert eva.get(f"/r/{room}").status_code == 403
        assert eva.post(link).headers["Location"] == f"/r/{room}"
        assert eva.get(f"/r/{room}").status_code == 200
    plain = ana.post(f"/r/{room}/invites", data={"uses": "1", "for": "hour"}).text
    assert "<!doctype" in plain
    assert f"/r/{room}/invites/" in plain
    assert bob.post(f"/r/{room}/invites", data={"uses": "1", "for": "hour"}, headers=HTMX).status_code == 403


def test_an_outsider_of_a_private_room_gets_neither_code_nor_transcript(ana: httpx.Client, bob: httpx.Client) -> None:
    room = fresh("private")
    ana.post("/rooms", data={"title": f"{room} hidden title"})
    room = f"{room}-hidden-title"
    ana.post(f"/r/{room}/messages", data={"text": "a secret", "nonce": fresh("n")})
    ana.post(f"/r/{room}/order", data=CLOSED)
    files = (f"transcript.{kind}" for kind in ("html", "txt", "json", "txt?to=2099-01-01"))
    for path in ("share", "transcript", *files):
        for headers in ({}, HTMX):
            refused = bob.get(f"/r/{room}/{path}", headers=headers)
            assert refused.status_code == 403, path
            assert "a secret" not in refused.text
            assert "hidden title" not in refused.text
            assert 'class="qr"' not in refused.text
        assert ana.get(f"/r/{room}/{path}").status_code == 200
    assert "a secret" in ana.get(f"/r/{room}/transcript.txt").text
