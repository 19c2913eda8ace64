from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quart_chat.errors import BadName
from quart_chat.room.bearers import PREFIXES, Bot, clean_label, new_bot_token, new_token, read_bearer
from quart_chat.room.people import is_id

SLUGS = st.from_regex(r"[a-z0-9]([a-z0-9-]{0,62}[a-z0-9])?", fullmatch=True)


@given(SLUGS)
def test_a_token_says_whose_it_can_be(room: str) -> None:
    person, bot = read_bearer(new_token()), read_bearer(new_bot_token(room))
    assert person is not None
    assert bot is not None
    assert (person.room, bot.room) == ("", room)
    assert person.text.startswith(PREFIXES)
    assert bot.text.startswith(PREFIXES)
    assert len({person.ticket, bot.ticket, read_bearer(new_token())}) == 3


@given(st.text())
def test_whatever_else_is_shown_is_none(shown: str) -> None:
    assert read_bearer(shown) is None
    assert read_bearer(f"{new_token()}{shown}") is None or not shown


def test_no_cookie_holds_a_bot_s_id() -> None:
    bot = Bot("0" * 64, "Robo", "2026-11-28")
    assert not is_id(bot.identity)
    assert len(bot.public) == 16
    assert bot.public != Bot("1" * 64, "Robo", "2026-11-28").public


def test_what_a_token_is_for_is_one_short_line() -> None:
    assert clean_label(" a\nscript\x06 ") == "a script"
    assert clean_label("\ud800") == ""
    with pytest.raises(BadName):
        clean_label("x" * 41)
