from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from markupsafe import Markup, escape

from quart_chat.pages.blanks import Form, blanks

OPEN = blanks(("own", "key"))


def test_blanks_are_filled_wherever_they_stand() -> None:
    form = Form(f"{OPEN['own']}<a href='{OPEN['key']}'>{OPEN['own']}</a>ü{OPEN['key']}")
    assert form.fill(own="a", key="b").decode() == "a<a href='b'>a</a>üb"
    assert form.fill(own="c", key="").decode() == "c<a href=''>c</a>ü"
    assert Form("nothing").fill(own="x") == b"nothing"


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_what_is_filled_in_is_escaped_as_a_template_does_it(text: str) -> None:
    form = Form(f"<b>{OPEN['own']}</b>")
    assert form.fill(own=text).decode() == f"<b>{escape(text)}</b>"
    assert form.fill(own=Markup("<i>x</i>")) == b"<b><i>x</i></b>"


@given(st.text(), st.sampled_from(["own", "key", "profile"]))
def test_nothing_that_people_write_is_a_blank(text: str, name: str) -> None:
    for written in (f"\0{name}\0", f"\0{text}:{name}\0", text + f"\0:{name}\0"):
        html = written.encode(errors="ignore").decode()
        assert Form(html).fill(own="FILLED", key="FILLED").decode() == html
