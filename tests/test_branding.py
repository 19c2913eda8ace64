"""An operator's settings that make a server their own, and what is said of those that cannot be used."""

from __future__ import annotations

from pathlib import Path

import pytest

from quart_chat.branding import LONGEST_WELCOME, MOST_LOGO, MOST_STYLE, Branding
from quart_chat.config import Settings
from quart_chat.errors import SettingsError

PNG = b"\x89PNG\r\n\x1a\n...."
SVG = b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"/>'


def of(**env: object) -> Branding:
    return Branding.from_environment({f"QUART_CHAT_{name}": str(value) for name, value in env.items()})


def test_without_any_it_is_the_project_s_own() -> None:
    assert Settings.from_environment({}).branding == Branding() == of()


def test_all_of_them_are_read(tmp_path: Path) -> None:
    logo, style, rules = tmp_path / "Logo.SVG", tmp_path / "house.css", tmp_path / "rules.txt"
    logo.write_bytes(SVG)
    style.write_text(":root { --accent: teal; }", "utf-8")
    rules.write_text("\ufeffBe kind.", "utf-8")  # as Windows saves it
    found = of(NAME="  Chá  das 5 ", LOGO=logo, STYLE=style, WELCOME=" *Olá* ", HOUSE_RULES=rules)
    assert found.name == "Chá das 5"
    assert found.logo is not None
    assert (found.logo.content, found.logo.mimetype) == (SVG, "image/svg+xml")
    assert (found.style, found.welcome, found.house_rules) == (":root { --accent: teal; }", "*Olá*", "Be kind.")


@pytest.mark.parametrize("name", ["x" * 41, "a\u202eb", "a\0b"])
def test_a_name_that_is_none_is_said(name: str) -> None:
    with pytest.raises(SettingsError, match=r"QUART_CHAT_NAME is .* at most 40 characters"):
        of(NAME=name)


def test_a_welcome_that_is_a_book_is_said() -> None:
    with pytest.raises(SettingsError, match="QUART_CHAT_WELCOME has 2001 characters; it takes at most 2000"):
        of(WELCOME="x" * (LONGEST_WELCOME + 1))


@pytest.mark.parametrize("variable", ["LOGO", "STYLE", "HOUSE_RULES"])
def test_a_file_that_cannot_be_read_is_said(tmp_path: Path, variable: str) -> None:
    for path in (tmp_path / "missing.svg", tmp_path, "a\0b"):
        with pytest.raises(SettingsError, match=f"QUART_CHAT_{variable} names .*, which cannot be read"):
            of(**{variable: path})


@pytest.mark.parametrize(
    ("name", "content"),
    [("x.gif", b"GIF89a"), ("x.svg", PNG), ("x.png", SVG), ("x.svg", b"<html>"), ("x.svg", b""), ("x", SVG)],
)
def test_a_logo_that_is_no_picture_is_said(tmp_path: Path, name: str, content: bytes) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(SettingsError, match=r"QUART_CHAT_LOGO names .*; it takes a \.svg or \.png file"):
        of(LOGO=tmp_path / name)


@pytest.mark.parametrize(("variable", "most"), [("LOGO", MOST_LOGO), ("STYLE", MOST_STYLE)])
def test_a_file_that_is_too_large_is_said(tmp_path: Path, variable: str, most: int) -> None:
    (tmp_path / "x.svg").write_bytes(SVG.ljust(most + 1))
    with pytest.raises(SettingsError, match=f"QUART_CHAT_{variable} .* more than {most // 1000} KB"):
        of(**{variable: tmp_path / "x.svg"})


@pytest.mark.parametrize(
    "css",
    [
        '@import "x.css";',
        "a { background: url(https://cdn.example/x.png) }",
        "a { background: url( '//cdn.example/x.png') }",
        'a { background: image-set("//x/y" 1x) }',
    ],
)
def test_a_style_that_loads_from_elsewhere_is_said(tmp_path: Path, css: str) -> None:
    (tmp_path / "x.css").write_text(css, "utf-8")
    with pytest.raises(SettingsError, match=r"QUART_CHAT_STYLE .* loads something from elsewhere"):
        of(STYLE=tmp_path / "x.css")


def test_a_style_may_say_where_it_comes_from(tmp_path: Path) -> None:
    (tmp_path / "x.css").write_text("/* url(//x) after https://x */ a { background: url(data:image/png;base64,//) }")
    assert "data:" in of(STYLE=tmp_path / "x.css").style


def test_a_text_in_another_encoding_is_said(tmp_path: Path) -> None:
    (tmp_path / "x.txt").write_bytes("Olá".encode("latin-1"))
    with pytest.raises(SettingsError, match=r"QUART_CHAT_HOUSE_RULES .* no text in UTF-8"):
        of(HOUSE_RULES=tmp_path / "x.txt")
