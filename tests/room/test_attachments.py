from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quart_chat.errors import BadFile
from quart_chat.room.attachments import (
    HEAD,
    MAX_NAME,
    MAX_NAME_BYTES,
    SHOWN,
    Attached,
    clean_file_name,
    is_picture,
    name_as,
    named,
    read_attached,
)
from quart_chat.room.changes import Changes
from quart_chat.room.digest import overlaid, quote_of, requoted
from quart_chat.room.entries import Message, read_entry, write_message

DIGEST = "a" * 64
PICTURE = Attached("sea.png", DIGEST, 1234, "image/png", 800, 600, 1)
PAPER = Attached("minutes.pdf", "b" * 64, 99)


# --- names -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("photo.png", "photo.png"),
        ("../../etc/passwd", "passwd"),
        ("C:\\fakepath\\photo.png", "photo.png"),
        ("/", "file"),
        ("", "file"),
        (".", "file"),
        ("..", "file"),
        (".htaccess", "htaccess"),
        ("a\x00b\r\nc.png", "ab c.png"),
        ("gnp.\u202egpj.exe", "gnp.gpj.exe"),
        ("invisible\u200b\u2060.txt", "invisible.txt"),
        ("CON", "_CON"),
        ("nul.tar.gz", "_nul.tar.gz"),
        ("COM¹.png", "_COM¹.png"),
        ("console.log", "console.log"),
        ('a<b>:"c|d?e*.png', "a_b___c_d_e_.png"),
        ("x.html::$DATA", "x.html__$DATA"),
        ("evil.html. . ", "evil.html"),
        ("\ud800lone.png", "lone.png"),
        ("relatório é nosso.pdf", "relatório é nosso.pdf"),
        ("写真.jpg", "写真.jpg"),
    ],
)
def test_names_are_made_such_that_every_system_can_keep_them(sent: str, kept: str) -> None:
    assert clean_file_name(sent) == kept


def test_a_long_name_keeps_its_ending() -> None:
    name = clean_file_name("x" * 300 + ".tar.gz")
    assert len(name) == MAX_NAME
    assert name.endswith(".gz")
    assert len(clean_file_name("写" * 300 + ".jpg").encode()) <= MAX_NAME_BYTES


@given(st.text(max_size=400))
def test_any_name_becomes_one_that_stays_as_it_is(sent: str) -> None:
    name = clean_file_name(sent)
    assert 0 < len(name) <= MAX_NAME
    assert len(name.encode()) <= MAX_NAME_BYTES
    assert clean_file_name(name) == name
    assert not set(name) & set('/\\:*?"<>|\n\r\t\0')
    assert name[0] != "."
    assert name[-1] not in ". "


def test_a_picture_is_called_what_it_became() -> None:
    assert name_as("a.png", "image/png") == "a.png"
    assert name_as("A.JPEG", "image/jpeg") == "A.JPEG"
    assert name_as("a.avif", "image/webp") == "a.webp"
    assert name_as("notes.txt", "image/png") == "notes.txt.png"
    assert name_as("blob", "image/gif") == "blob.gif"


# --- contents ----------------------------------------------------------------------------------------

PNG = b"\x89PNG\r\n\x1a\n" + bytes(20)


@pytest.mark.parametrize(
    "head",
    [PNG, b"\xff\xd8\xff\xe0", b"GIF89a/*", b"RIFF\0\0\0\0WEBPVP8 ", b"\0\0\0\x20ftypavif", b"\0\0\0\x20ftypavis"],
)
def test_the_bytes_say_what_a_picture_is(head: bytes) -> None:
    assert is_picture("anything.at.all", head, "text/plain")


@pytest.mark.parametrize(
    ("name", "head"),
    [
        ("minutes.pdf", b"%PDF-1.7"),
        ("all.zip", b"PK\x03\x04<script>"),
        ("notes.txt", b"if a <b> c"),
        ("talk.md", b"# <html> and <script> in a text"),
        ("track.gpx", b'<?xml version="1.0"?><gpx></gpx>'),
        ("news.rss", b'<?xml version="1.0"?><rss><title>x</title><p>y</p></rss>'),
        ("clip.mp4", b"\0\0\0\x20ftypisom"),
        ("photo.heic", b"\0\0\0\x20ftypheic"),
        ("blob", b"\0\1\2"),
    ],
)
def test_what_is_inert_is_a_download(name: str, head: bytes) -> None:
    assert not is_picture(name, head)


@pytest.mark.parametrize(
    ("name", "head", "said"),
    [
        ("a.svg", b"anything", "SVG"),
        ("a.png", b"<svg onload=alert(1)>", "SVG"),
        ("a.xml", b'\xef\xbb\xbf<?xml version="1.0"?>\n<!DOCTYPE x>\n<!-- y -->\n<s:svg xmlns:s="x">', "SVG"),
        ("a.txt", b'<x xmlns="http://www.w3.org/2000/svg"/>', "SVG"),
        ("a.svgz", b"\x1f\x8b", "SVG"),
        ("a.html", b"x", "web page"),
        ("a.HTM", b"x", "web page"),
        ("a.png", b" \n<!DocType HTML>", "web page"),
        ("a.txt", b"<script>alert(1)</script>", "web page"),
        ("a.txt", "<html>".encode("utf-16"), "web page"),
        ("a.txt", b"<!-- a comment --><script src=x></script>", "web page"),
        ("a.txt", b"<h1>Title</h1>", "web page"),
        ("a.xml", b'<y xmlns="http://www.w3.org/1999/xhtml"><y/></y>', "web page"),
        ("setup.exe", b"MZ", "program"),
        ("photo.png.js", b"alert(1)", "program"),
        ("open me.lnk", b"L", "program"),
        ("photo.png", b"PK\x03\x04", "none"),
        ("photo.jpg", b"just words", "none"),
        ("empty.txt", b"", "empty"),
    ],
)
def test_what_may_run_somewhere_is_refused_with_a_reason(name: str, head: bytes, said: str) -> None:
    with pytest.raises(BadFile, match=said):
        is_picture(name, head)


def test_a_declared_type_is_believed_in_nothing_but_a_claim() -> None:
    assert not is_picture("a.bin", b"words", "text/html")
    with pytest.raises(BadFile, match="none"):
        is_picture("a.bin", b"words", "image/png; charset=x")


@given(st.binary(min_size=1, max_size=100), st.text(max_size=20))
def test_any_bytes_get_an_answer(head: bytes, name: str) -> None:
    try:
        is_picture(clean_file_name(name), head[:HEAD])
    except BadFile as error:
        str(error)


# --- in a message ------------------------------------------------------------------------------------


def message(**fields: object) -> Message:
    body = write_message("a" * 16, "Ana", "", files=(PICTURE, PAPER))
    found = read_entry("2-0", "1-0", "5", "", json.dumps({**json.loads(body), **fields})).message
    assert found is not None
    return found


def test_a_message_carries_its_files_and_needs_no_text() -> None:
    assert message().files == (PICTURE, PAPER)
    assert "f" not in json.loads(write_message("a" * 16, "Ana", "x"))


def test_what_a_later_version_adds_is_passed_over_and_what_is_missing_is_nothing() -> None:
    later = [[*PICTURE, "new", 5], ["x", DIGEST, 7]]
    assert message(f=later).files == (PICTURE, Attached("x", DIGEST, 7))


def test_nobodys_word_makes_a_page_show_what_is_no_picture() -> None:
    (held,) = read_attached([["x.html", DIGEST, 7, "text/html", 1, 1, 1]])
    assert held.media not in SHOWN
    assert held == Attached("x.html", DIGEST, 7)


@pytest.mark.parametrize(
    "torn", [5, [5], [[]], [["x", "../../etc/passwd", 1]], [["x", DIGEST, -1]], [["x", DIGEST, "a"]], [[1, DIGEST, 1]]]
)
def test_torn_files_are_an_error(torn: object) -> None:
    with pytest.raises((TypeError, ValueError)):
        read_attached(torn)


def test_a_quote_of_files_alone_names_them() -> None:
    assert quote_of(message()).text == "📎 sea.png, 📎 minutes.pdf"
    assert quote_of(message(t="*look*")).text == "look"
    assert len(named([PICTURE._replace(name="x" * 90)] * 3)) == 140
    quote = quote_of(message())
    assert requoted(quote, Changes()) == quote


def test_a_deleted_message_has_no_files() -> None:
    gone = overlaid(message(), {"2-0": Changes(deleted=True)})
    assert (gone.files, quote_of(gone).text) == ((), "")
