from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quart_chat.errors import BadName
from quart_chat.room.lookalikes import PROOFS, beside, check_look, check_reserved, look_of
from quart_chat.room.names import chosen_name, newcomer_name
from quart_chat.room.people import public_id


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Ana", "ANA"),
        ("Ana", "Аnа"),  # the A and the last a are Cyrillic
        ("Ana", "Ａｎａ"),
        ("Ana", "𝔄𝔫𝔞"),
        ("Ana", "A\u200dna"),
        ("Ana", "A n a"),
        ("Ana", "Ana."),
        ("Ana", "Ana\ufe0f"),
        ("Sunny Otter", "SunnyOtter"),
        ("PayPal", "paypa1"),
        ("Bill", "BiIl"),
        ("Otto", "0tt0"),
        ("modern", "rnodern"),
        ("João", "Joa\u0303o"),
    ],
)
def test_names_that_look_alike_have_one_look(one: str, other: str) -> None:
    assert look_of(one) == look_of(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Ana", "Anna"),
        ("João", "Joao"),
        ("Ana", "Ana 2"),
        ("田中", "田口"),
        ("Ana", "Ana ✨"),
        ("...", "???"),
        ("C", "C++"),
    ],
)
def test_names_that_can_be_told_apart_have_two_looks(one: str, other: str) -> None:
    assert look_of(one) != look_of(other)


@given(st.text(min_size=1, max_size=40))
def test_every_text_has_a_look(name: str) -> None:
    assert look_of(name.encode(errors="ignore").decode() or "x")


@given(
    st.text(min_size=1, max_size=20), st.sampled_from("\u200b\u200c\u200d\u2060\ufeff\u00ad\ufe0f"), st.integers(0, 20)
)
def test_what_nobody_sees_changes_no_look(name: str, unseen: str, place: int) -> None:
    name = "".join(one for one in name if one.isalnum() and one.isascii()) or "x"
    assert look_of(name[:place] + unseen + name[place:]) == look_of(name)


@pytest.mark.parametrize(
    "name",
    [
        "Ana Júlia ✨",
        "O'Neil-Smith 3rd",
        "Nguyễn Thị",
        "日本語アナ Ken",
        "王小明 ㄨㄤ",
        "한국 Lee",
        "Иван",
        "Ωμέγα",
        "שָׁלוֹם",
        "محمد",
        "हिन्दी",
        "ไทยกี่",
        "👨‍👩‍👧",
        "1️⃣",
        "🇧🇷 José",
    ],
)
def test_names_as_people_write_them_are_taken(name: str) -> None:
    check_look(name)
    assert chosen_name(name)


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("Аna", "one script"),
        ("Ana Бар", "one script"),
        ("Ana π", "one script"),
        ("アnaΑ", "one script"),
        ("Z" + "\u0301\u0302\u0303\u0304\u0305", "accents"),
        ("Z\u0335\u0335", "accents"),
        *((f"Ana {mark}", "check mark") for mark in sorted(PROOFS)),
        ("✓Ana", "check mark"),
    ],
)
def test_names_that_pretend_are_refused_with_the_reason(name: str, why: str) -> None:
    with pytest.raises(BadName, match=why):
        chosen_name(name)


def test_a_reserved_name_and_what_looks_like_it_are_refused() -> None:
    check_reserved("Ana", ["Paula", "Bob", ""])
    for name in ("Paula", "PAUIA", "Раulа"):
        with pytest.raises(BadName, match="Paula"):
            check_reserved(name, ["Bob", "Paula"])


@given(st.integers(0, 2**64 - 1), st.text("abcdefghij ", min_size=1, max_size=40))
def test_the_names_beside_one_s_own_are_several_and_always_the_same(seed: int, name: str) -> None:
    public = f"{seed:016x}"
    names = beside(name, public)
    assert names == beside(name, public)
    assert len({look_of(one) for one in (name, *names)}) == 1 + len(names)
    assert all(one.startswith(f"{name} ") for one in names)


def test_a_generated_name_is_always_taken() -> None:
    for number in range(500):
        name = newcomer_name(public_id(str(number)))
        assert chosen_name(name) == name
