"""Files of rooms: what is written can be read again, and what cannot be read is said by its line."""

from __future__ import annotations

import io
import json
from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quart_chat.pages import transcripts
from quart_chat.pages.languages import Audience
from quart_chat.pages.transcripts import Header
from quart_chat.room.attachments import Attached
from quart_chat.room.changes import NOTHING, Held
from quart_chat.room.characters import is_visible
from quart_chat.room.charter import Charter
from quart_chat.room.digest import Record
from quart_chat.room.entries import ACTION, PIN, TOPIC, Message, Neighbour, Quote, order
from quart_chat.room.entries import Header as Above
from quart_chat.room.mentions import Mention
from quart_chat.room.names import clean_name
from quart_chat.room.texts import clean_text
from quart_chat.tools.transcripts import BadLine, JsonReader

UTC = Audience("en", "UTC")
AT = 1_700_000_000_000
HEADER = Header("café", "Café ☕ 100 %", AT)
ANA, BOB = "a" * 16, "b" * 16

texts = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=30)
messages_of = st.lists(
    st.tuples(
        st.sampled_from([ANA, BOB]), texts.filter(is_visible).map(clean_name), texts.filter(is_visible).map(clean_text)
    ),
    max_size=20,
)


def chained(texts: Iterable[tuple[str, str, str]]) -> list[Message]:
    made: list[Message] = []
    for number, (author, name, text) in enumerate(texts):
        at = AT + 60_000 * number
        before = Neighbour(made[-1].author, made[-1].at, made[-1].name) if made else None
        made.append(Message(f"{at}-0", at, author, name, text, before))
    return made


def read_records(text: str) -> tuple[Header, list[Record]]:
    reader = JsonReader(io.StringIO(text))  # as of a file, whose lines end with \n alone
    return reader.header(), list(reader.messages())


def read(text: str) -> tuple[Header, list[Message]]:
    header, records = read_records(text)
    return header, [record.message for record in records]


def written(messages: Iterable[Message]) -> str:
    return transcripts.json_header(HEADER) + "".join(transcripts.json_line(Record(message)) for message in messages)


@given(messages_of)
def test_what_is_written_is_read_again(texts: list[tuple[str, str, str]]) -> None:
    messages = chained(texts)
    header, found = read(written(messages))
    assert header == HEADER
    assert found == messages


def test_what_people_did_comes_back_as_such() -> None:
    (message,) = chained([(ANA, "Ana", "waves\ntwice")])
    message = message._replace(kind=ACTION)
    assert read(written([message]))[1] == [message]
    assert transcripts.text_line(message, UTC).endswith("] * Ana waves\n    twice\n")
    assert '<b class="actor"><bdi>Ana</bdi></b> waves' in transcripts.html_rows([message], UTC)


QUOTE = Quote(f"{AT}-0", ANA, "Ana", "the beginning")
BEFALLEN = {
    "reply": ({"reply": QUOTE}, NOTHING),
    "mentions": ({"mentions": (Mention("Bob", BOB),)}, NOTHING),
    "edited": ({}, Held("x", AT + 5, mentions=(Mention("Ana", ANA),))),
    "kept": ({}, Held("x", AT + 5, versions=((AT, "before"), (AT + 2, "then")))),
    "reactions": ({}, Held(reactions={"🎉": {ANA: "Ana", BOB: "Bob"}, "👍": {f"{n:016x}": "x" for n in range(40)}})),
    "deleted": ({"text": "", "reply": QUOTE}, Held(deleted=True)),
    "topic": ({"kind": TOPIC, "text": ""}, NOTHING),
    "pin": ({"kind": PIN, "text": "", "reply": QUOTE}, NOTHING),
}


def befallen(what: str) -> Record:
    (message,) = chained([(ANA, "Ana", "x")])
    fields, held = BEFALLEN[what]
    message = message._replace(**fields)
    return Record(message if held == NOTHING else message._replace(changes=held.shown), held)


@pytest.mark.parametrize("what", BEFALLEN)
def test_what_befell_a_message_comes_back(what: str) -> None:
    record = befallen(what)
    (found,) = read_records(transcripts.json_header(HEADER) + transcripts.json_line(record))[1]
    assert found.held == record.held
    assert found.message.said == record.message.said
    assert found.message._replace(mentions=()) == record.message._replace(mentions=())
    assert found.message.meant == record.message.meant


def test_what_stands_above_a_room_comes_back() -> None:
    header = Header("r", "R", AT, Above("topic", (QUOTE,)))
    assert read(transcripts.json_header(header)) == (header, [])


@pytest.mark.parametrize(
    ("what", "text", "html"),
    [
        ("reply", "    > Ana: the beginning\n[10:13\u202fPM] Ana: x\n", f'href="#m-{AT}-0"'),
        ("edited", "Ana: x (edited)\n", '<small class="edited"'),
        ("reactions", "Ana: x\n    🎉 2  👍 40\n", "🎉 <b>2</b>"),
        ("deleted", "Ana: This message was deleted.\n", '<i class="gone">'),
        ("topic", "* Ana cleared the topic.\n", "cleared the topic."),
        ("pin", "* Ana pinned a message.\n", "pinned a message."),
    ],
)
def test_what_befell_a_message_is_for_reading_too(what: str, text: str, html: str) -> None:
    message = befallen(what).message
    assert transcripts.text_line(message, UTC).endswith(text)
    page = transcripts.html_rows([message], UTC)
    assert html in page
    assert "<button" not in page
    assert "<form" not in page
    assert "/r/" not in page


def test_text_of_several_lines_and_line_ends_that_json_does_not_know_come_back() -> None:
    messages = chained([(ANA, "Ana", "one\n\ntwo\u2028three\x85")])
    lines = written(messages).split("\n")
    assert len(lines) == 3  # a header, one line, and nothing after the last line's end
    reader = JsonReader(f"{line}\n" for line in lines)
    reader.header()
    assert next(reader.messages()).message.text.startswith("one\n\ntwo")


def test_files_of_other_programs_need_neither_ids_nor_authors() -> None:
    rows = [
        {"quart_chat": 1, "room": "r", "title": "R", "opened": "2026-01-02T03:04:05+01:00"},
        {"time": "2026-01-02T03:04:05Z", "name": "Ana", "text": "one"},
        {"time": "2026-01-02T03:04:05Z", "name": "Ana", "text": "two"},
        {"time": "2026-01-02T03:00:00Z", "name": "Bob", "text": "a clock that was set back"},
    ]
    header, found = read("\n".join(map(json.dumps, rows)))
    assert header == Header("r", "R", 1767319445000)
    assert [message.text for message in found] == ["one", "two", "a clock that was set back"]
    assert [order(message.id) for message in found] == sorted({order(message.id) for message in found})
    assert found[0].author == found[1].author != found[2].author
    assert found[1].before == Neighbour(found[0].author, found[0].at, "Ana")


GOOD = '{"time":"2026-01-02T03:04:05Z","name":"Ana","text":"x"}'


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("nonsense", "line 2 is no JSON"),
        ("[1]", "line 2 has to be an object"),
        ("[" * 2_000_000, "line 2 is longer"),
        ("[" * 50_000, "line 2 is no JSON"),
        ('{"time":"2026-01-02T03:04:05Z","name":"Ana"}', "line 2: it needs a text as 'text'"),
        ('{"time":"yesterday","name":"Ana","text":"x"}', "line 2: 'time' has to be a time"),
        ('{"time":"2026-01-02T03:04:05","name":"Ana","text":"x"}', "line 2: 'time' lacks its zone"),
        ('{"time":"1969-01-02T03:04:05Z","name":"Ana","text":"x"}', "line 2: 'time' lies before 1970"),
        ('{"time":"2026-01-02T03:04:05Z","name":"","text":"x"}', "line 2: A name needs"),
        ('{"time":"2026-01-02T03:04:05Z","name":"Ana","text":" "}', "line 2: The message is empty"),
        (GOOD.replace('"x"', f'"{"x" * 4001}"'), "line 2: A message has at most 4000 characters"),
        (GOOD[:-1] + ',"author":"somebody"}', "line 2: its author has to be"),
        (GOOD[:-1] + ',"id":"7"}', "line 2: its id has to be"),
        (GOOD[:-1] + ',"kind":"dance"}', "line 2: its kind has to be one of me, roll"),
        (GOOD[:-1] + ',"kind":[]}', "line 2: its kind has to be"),
        (GOOD[:-1] + ',"edited":"yesterday"}', "line 2: 'edited' has to be a time"),
        (GOOD[:-1] + ',"reply":"x"}', "line 2: what befell it has to be an object"),
        (GOOD[:-1] + ',"reply":{"id":"x","author":"x","name":"x","text":"x"}}', "line 2: what it quotes needs"),
        (GOOD[:-1] + ',"reactions":{"x":{"aaaaaaaaaaaaaaaa":"Ana"}}}', "line 2: A reaction is one emoji"),
        (GOOD[:-1] + ',"reactions":{"🎉":{"ana":"Ana"}}}', "line 2: who reacted has to be"),
        (GOOD[:-1] + ',"versions":{}}', "line 2: its versions have to be a list"),
        (GOOD[:-1] + ',"mentions":[["Ana","x"]]}', "line 2: who is meant has to be"),
        (GOOD[:-1] + ',"mentions":5}', "line 2: its mentions have to be"),
        (GOOD[:-1] + ',"id":"5-0"}\n' + GOOD[:-1] + ',"id":"5-0"}', "line 3: its id has to come after 5-0"),
    ],
)
def test_what_cannot_be_read_is_said_by_its_line(line: str, why: str) -> None:
    with pytest.raises(BadLine, match=why):
        read(transcripts.json_header(HEADER) + line)


@pytest.mark.parametrize("text", ["", "{}", GOOD, '{"quart_chat":2}', '{"quart_chat":1,"room":"r"}'])
def test_a_file_without_a_header_is_none(text: str) -> None:
    with pytest.raises(BadLine, match="line 1"):
        read(text)


def test_text_is_for_reading() -> None:
    messages = chained([(ANA, "Ana", "one\ntwo"), (BOB, "Bob", "three")])
    assert transcripts.text_header(HEADER) + "".join(transcripts.text_line(one, UTC) for one in messages) == (
        "Café ☕ 100 %\n============\n"
        "\nTuesday, November 14, 2023\n\n[10:13\u202fPM] Ana: one\n    two\n[10:14\u202fPM] Bob: three\n"
    )


def test_html_holds_what_people_wrote_as_text() -> None:
    hostile = "<script>alert(1)</script>\0rows\0"
    begin, end = transcripts.html_parts(Header("r", "<b>\0rows\0</b>", AT), UTC)
    page = begin + transcripts.html_rows(chained([(ANA, "<i>Ana</i>", hostile)]), UTC) + end
    assert page.startswith("<!doctype html>")
    assert page.rstrip().endswith("</html>")
    for markup in ("<script", "<b>", "<i>", "http:", "https:"):
        assert markup not in page
    assert page.count("<li ") == 1


# --- files ---------------------------------------------------------------------------------------------

SEA = Attached("sea.png", "1" * 64, 1_234_000, "image/png", 800, 600, 1)
PAPER = Attached("minutes.pdf", "2" * 64, 99)


def test_files_are_told_and_read_again() -> None:
    (message,) = chained([(ANA, "Ana", "")])
    message = message._replace(files=(SEA, PAPER))
    assert read(written([message])) == (HEADER, [message])
    line = json.loads(written([message]).splitlines()[1])
    assert line["files"][0]["name"] == "sea.png"
    text = transcripts.text_line(message, UTC)
    assert "    📎 sea.png (1.2 MB)\n    📎 minutes.pdf (99 B)\n" in text
    page = transcripts.html_rows([message], UTC)
    assert "sea.png" in page
    assert "<img" not in page


def test_a_deleted_message_tells_of_no_file() -> None:
    (message,) = chained([(ANA, "Ana", "")])
    line = transcripts.json_line(Record(message._replace(files=(SEA,)), Held(deleted=True)))
    assert "sea.png" not in line
    deleted = {**json.loads(line), "files": [SEA._asdict()]}
    assert read(transcripts.json_header(HEADER) + json.dumps(deleted))[1][0].files == ()


@pytest.mark.parametrize(
    "files",
    [
        5,
        [5],
        [{}],
        [{"name": "x", "digest": "../../secret.key", "size": 1}],
        [SEA._asdict()] * 11,
        [{**SEA._asdict(), "size": -1}],
        [{**SEA._asdict(), "width": "wide"}],
    ],
)
def test_files_that_cannot_be_are_refused(files: object) -> None:
    line = {"time": "2026-01-02T03:04:05Z", "name": "Ana", "text": "x", "files": files}
    with pytest.raises(BadLine, match="line 2"):
        read(transcripts.json_header(HEADER) + json.dumps(line))


def test_a_files_name_and_type_are_made_such_as_an_upload_could_have_them() -> None:
    hostile = {**SEA._asdict(), "name": "../x.png", "media": "text/html"}
    line = {"time": "2026-01-02T03:04:05Z", "name": "Ana", "text": "x", "files": [hostile]}
    (message,) = read(transcripts.json_header(HEADER) + json.dumps(line))[1]
    assert message.files == (Attached("x.png", SEA.digest, SEA.size),)


def test_who_keeps_a_room_and_by_which_rules_is_written_and_read_again() -> None:
    rules = {
        "rules": '{"closed":true}',
        f"{ANA} role": "owner",
        f"{ANA} name": "Ana",
        f"{BOB} banned": "1700000000000",
        "link owner": "d" * 64,
        f"invite {'e' * 64}": "3 1700000000000",
        f"bot {'f' * 64}": "2026-11-28 Robo",
        "phrase": "$argon2id$v=19$m=19456,t=2,p=1$c2FsdA$aGFzaA",
    }
    header = Header("r", "R", AT, charter=Charter(rules, {BOB: "Bob", ANA: ""}))
    assert read(transcripts.json_header(header)) == (header, [])


@pytest.mark.parametrize(
    "odd",
    [
        {"rules": {"rules": "torn"}},
        {"rules": {f"{ANA} role": "emperor"}},
        {"rules": {f"{ANA} muted": "for ever"}},
        {"rules": {f"{ANA} muted": 5}},
        {"rules": {"invite x": "1 1"}},
        {"rules": {f"bot {'f' * 64}": "Robo"}},
        {"rules": {"some": "thing"}},
        {"rules": []},
        {"members": {"Bob": "Bob"}},
        {"members": "all"},
    ],
)
def test_rules_that_no_version_writes_are_refused(odd: dict[str, object]) -> None:
    line = json.dumps({"quart_chat": 1, "room": "r", "title": "R", "opened": "2026-01-02T03:04:05Z", **odd})
    with pytest.raises(BadLine, match="line 1: "):
        read(line + "\n")


def test_names_in_rules_are_cleaned_as_all_are() -> None:
    header = Header("r", "R", AT, charter=Charter({f"{ANA} name": "A\x06na "}, {BOB: "\x06Bob"}))
    assert read(transcripts.json_header(header))[0].charter == Charter({f"{ANA} name": "Ana"}, {BOB: "Bob"})
