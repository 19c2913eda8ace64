"""A room written down: read through, printed, saved; and what is never in it."""

from __future__ import annotations

import io
import json

import httpx
import pytest

from quart_chat.room.limits import TRANSCRIPTS
from quart_chat.tools.transcripts import JsonReader
from tests.hostile import HOSTILE, taken_for_markup
from tests.pages.trees import Tree
from tests.server.processes import ServerProcess, store
from tests.web.test_messages import say
from tests.web.visits import fresh

KINDS = ("html", "txt", "json")


@pytest.fixture
def ana(ana: httpx.Client) -> httpx.Client:
    ana.post("/me", data={"name": "Ana"})
    return ana


def written(client: httpx.Client, room: str, kind: str = "txt", **query: str) -> httpx.Response:
    response = client.get(f"/r/{room}/transcript.{kind}", params=query)
    assert response.status_code == 200, response.text
    return response


def test_a_room_is_saved_as_a_file_of_a_safe_name(ana: httpx.Client) -> None:
    room = fresh("saved")
    ana.post("/rooms", data={"title": room})
    say(ana, room, "one **two**")
    for kind, media, ending in (
        ("html", "text/html", "html"),
        ("txt", "text/plain", "txt"),
        ("json", "application/jsonl", "jsonl"),
    ):
        response = written(ana, room, kind)
        assert response.headers["Content-Type"] == f"{media}; charset=utf-8"
        said = response.headers["Content-Disposition"]
        assert said.startswith(f'attachment; filename="{room}-20')
        assert said.endswith(f'.{ending}"')
        assert response.headers["X-Content-Type-Options"] == "nosniff"
        assert response.headers["Cache-Control"] == "no-store"
        assert "two" in response.text
    assert "[" in written(ana, room).text
    assert "] Ana: one **two**" in written(ana, room).text
    head = ana.head(f"/r/{room}/transcript.txt")
    assert (head.status_code, head.text) == (200, "")
    assert ana.get(f"/r/{room}/transcript.exe").status_code == 404
    assert ana.get(f"/r/{fresh('nowhere')}/transcript").status_code == 404
    assert ana.get(f"/r/{room.upper()}/transcript.txt?from=2026-01-01").headers["Location"] == (
        f"/r/{room}/transcript.txt?from=2026-01-01"
    )


def test_what_was_deleted_leaves_a_trace_and_earlier_texts_are_not_in_it(
    ana: httpx.Client, bob: httpx.Client, server: ServerProcess
) -> None:
    room = fresh("traces")
    ana.post("/rooms", data={"title": room})
    gone = say(ana, room, "a word I regret")
    edited = say(ana, room, "before it was edited")
    bob.post(f"/r/{room}/messages", data={"text": "an answer", "nonce": fresh("n"), "reply": gone})
    ana.post(f"/r/{room}/m/{edited}/edit", data={"text": "after it was edited"})
    ana.post(f"/r/{room}/m/{gone}/delete")
    invite = ana.post(f"/r/{room}/order", data={"writers": "everyone", "slow": "0", "closed": "1"})
    assert invite.status_code == 303
    ana.post(f"/r/{room}/invites", data={"uses": "1", "for": "hour"})
    for kind in KINDS:
        text = written(ana, room, kind).text
        assert "regret" not in text
        assert "before it was edited" not in text
        assert "after it was edited" in text
    assert "This message was deleted." in written(ana, room).text
    lines = [json.loads(line) for line in written(ana, room, "json").text.splitlines()]
    assert lines[0].keys() == {"quart_chat", "room", "title", "opened"}, "neither rules nor members nor invites"
    assert lines[1]["deleted"] is True
    with store(server) as held:
        secrets = [field for field in held.hgetall(f"c:{{{room}}}:rules") if field.startswith("invite ")]
    assert secrets
    assert all(one.removeprefix("invite ") not in written(ana, room, "json").text for one in secrets)


def test_what_was_saved_as_json_is_what_an_import_reads(ana: httpx.Client) -> None:
    title = f"{fresh('again')} ☕"
    room = ana.post("/rooms", data={"title": title}).headers["Location"].removeprefix("/r/")
    texts = [f"text {number}" for number in range(3)]
    ids = [say(ana, room, text) for text in texts]
    ana.post(f"/r/{room}/m/{ids[0]}/react", data={"emoji": "👍"})
    reader = JsonReader(io.StringIO(written(ana, room, "json").text))
    assert reader.header().title == title
    records = list(reader.messages())
    assert [one.message.text for one in records] == texts
    assert [one.message.id for one in records] == ids
    assert list(records[0].held.reactions) == ["👍"]


def test_a_saved_page_has_no_script_and_asks_for_nothing(ana: httpx.Client) -> None:
    room = fresh("inert")
    ana.post("/rooms", data={"title": room})
    ana.post(f"/r/{room}/topic", data={"topic": '"><script>alert(1)</script>'})
    for hostile in HOSTILE[::4]:
        ana.post(f"/r/{room}/messages", data={"text": hostile, "nonce": fresh("n")})
    for page in (written(ana, room, "html").text, ana.get(f"/r/{room}/transcript").text):
        tree = Tree(page.partition("<!doctype html>")[2])
        assert not [one for one in taken_for_markup(tree) if "link" not in one.split()[0]]
        assert "<script" not in page
        assert 'class="more"' not in page
    saved = Tree(written(ana, room, "html").text.partition("<!doctype html>")[2])
    assert not [one.tag for one in saved.elements if one.tag in ("link", "img", "iframe", "form", "button")]
    assert "style-src 'unsafe-inline'" in written(ana, room, "html").text


def test_days_narrow_it_and_what_is_no_day_is_told(ana: httpx.Client, server: ServerProcess) -> None:
    room, day = fresh("days"), 86_400_000
    ana.post("/rooms", data={"title": room})
    begin = 1_750_032_000_000  # 2025-06-16, UTC
    with store(server) as held:
        for number in range(4):
            at = begin + number * day
            body = json.dumps({"k": "m", "a": "a" * 16, "n": "Eva", "t": f"day-{number}"})
            fields = {"at": at, "author": "a" * 16, "name": "Eva", "before": "", "body": body}
            held.xadd(f"c:{{{room}}}:messages", fields, id=f"{at}-0")

    def found(**query: str) -> list[int]:
        text = written(ana, room, **query).text
        return [number for number in range(4) if f"day-{number}" in text]

    assert found() == [0, 1, 2, 3]
    assert found(**{"from": "2025-06-17"}) == [1, 2, 3]
    assert found(to="2025-06-17") == [0, 1]
    assert found(**{"from": "2025-06-17", "to": "2025-06-17"}) == [1]
    assert found(**{"from": "2025-06-19", "to": "2025-06-16"}) == []
    page = ana.get(f"/r/{room}/transcript", params={"from": "2025-06-17"}).text
    assert 'href="/r/' + room + '/transcript.json?from=2025-06-17"' in page
    for wrong in ("tomorrow", "2025-13-01", "9" * 500, "0000-00-00"):
        refused = ana.get(f"/r/{room}/transcript.txt", params={"to": wrong})
        assert refused.status_code == 422
        assert "is no day" in refused.text
    assert ana.get(f"/r/{room}/transcript.txt", params={"from": "0001-01-01", "to": "9999-12-31"}).status_code == 200


def test_a_long_room_comes_whole_and_in_order(ana: httpx.Client, server: ServerProcess) -> None:
    room, many = fresh("long"), 1234
    ana.post("/rooms", data={"title": room})
    with store(server) as held, held.pipeline() as pipe:
        for number in range(many):
            at = 1_750_000_000_000 + number * 1000
            body = json.dumps({"k": "m", "a": "a" * 16, "n": "Eva", "t": f"#{number}#"})
            fields = {"at": at, "author": "a" * 16, "name": "Eva", "before": "", "body": body}
            pipe.xadd(f"c:{{{room}}}:messages", fields, id=f"{at}-0")
        pipe.execute()
    lines = written(ana, room, "json").text.splitlines()
    assert [json.loads(line)["text"] for line in lines[1:]] == [f"#{number}#" for number in range(many)]
    assert written(ana, room, "html").text.count("<li id=") == many


def test_who_asks_for_many_has_to_wait(ana: httpx.Client) -> None:
    room = fresh("limited")
    say(ana, room, "x")
    answers = [ana.get(f"/r/{room}/transcript.txt") for _ in range(TRANSCRIPTS.most + 1)]
    assert [one.status_code for one in answers] == [200] * TRANSCRIPTS.most + [429]
    assert int(answers[-1].headers["Retry-After"]) >= 1


def test_the_page_wears_what_other_pages_wear(ana: httpx.Client) -> None:
    room = fresh("dressed")
    ana.post("/rooms", data={"title": room})
    ana.post("/theme", data={"theme": "dark"})
    page = ana.get(f"/r/{room}/transcript").text
    assert 'data-theme="dark"' in page
    assert f"<title>Transcript · {room} · Quart Chat</title>" in page
    assert "\0" not in page
