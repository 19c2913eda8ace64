from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from quart_chat.room.handover import is_token, new_token, seal, ticket_of, unseal
from quart_chat.room.people import new_id


def test_a_token_opens_what_it_sealed_and_nothing_else() -> None:
    identity, token, other = new_id(), new_token(), new_token()
    assert is_token(token)
    assert unseal(seal(identity, token), token) == identity
    assert unseal(seal(identity, token), other) is None


def test_neither_what_is_sealed_nor_its_ticket_tells_the_identity_or_the_token() -> None:
    identity, token = new_id(), new_token()
    for text in (seal(identity, token), ticket_of(token)):
        assert identity not in text
        assert identity.encode().hex() not in text
        assert token not in text


@given(st.text(max_size=60))
def test_what_was_not_sealed_is_nobody(text: str) -> None:
    assert unseal(text, new_token()) is None
