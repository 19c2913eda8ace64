"""What waits in a page for its limit and comes again by itself: pauses grow for who keeps on, and not for that."""

from __future__ import annotations

import asyncio

import pytest
from redis import Redis

from quart_chat.live.tab import Tab
from quart_chat.room.limits import Limit
from quart_chat.store import keys
from tests.live.rig import Worker, page, see, somebody, until, wire

ROOM = "room"
QUICK = Limit(2, 0.4)  # one in 0.2 s


async def send_again(tab: Tab, ends: asyncio.Event) -> None:
    """Do what htmx does: send each form again that says when, each time that it comes back."""
    seen: set[tuple[str, int]] = set()
    while not ends.is_set():
        for form in page(tab).forms.values():
            came = form.nonce, len(wire(tab).holding(f'id="say-{form.nonce}"'))
            if form.again is not None and came not in seen:
                seen.add(came)
                fields = {"act": "say", "text": form.text, "nonce": form.nonce}
                asyncio.get_running_loop().call_later(form.again, lambda fields=fields: wire(tab).put(**fields))
        await asyncio.sleep(0.002)


def tries(look: Redis, public: str) -> int:
    return int(str(look.get(keys.allowance("messages", public)) or "0 0 0").split()[2])


async def test_forms_that_come_again_as_told_let_no_pause_grow(worker: Worker, look: Redis) -> None:
    worker.sayer._person = QUICK
    ana, ends = somebody(), asyncio.Event()
    both = [await worker.enter(ROOM, person=ana) for _ in range(2)]  # each page knows nothing of the other
    sending = [asyncio.create_task(send_again(tab, ends)) for tab in both]
    most = 0
    try:
        for tab, name in zip(both, "ab", strict=True):
            for number in range(6):
                page(tab).write(f"{name}-{number}", f"{name}{number}")
                wire(tab).put(act="say", text=f"{name}{number}", nonce=f"{name}-{number}")

        def all_in() -> bool:
            nonlocal most
            most = max(most, tries(look, ana.public))
            return not any(page(tab).forms for tab in both)

        await until(all_in, "that all are in", 20)
    finally:
        ends.set()
        await asyncio.gather(*sending)
    assert most <= 1  # the first of the second page could not know
    for name in "ab":
        assert [text for text in page(both[0]).texts if text[0] == name] == [f"{name}{number}" for number in range(6)]


async def test_who_sends_one_again_and_again_waits_longer_and_longer(worker: Worker, look: Redis) -> None:
    worker.sayer._person = Limit(1, 60.0, free=2, longest=600.0)
    tab = await worker.enter(ROOM, person=(ana := somebody()))
    wire(tab).put(act="say", text="in", nonce="in")
    await see([tab], ["in"])
    waits = []
    page(tab).write("x", "x")
    for number in range(6):
        wire(tab).put(act="say", text="x", nonce="x")
        await until(lambda number=number: len(wire(tab).holding('id="say-x"')) > number, "an answer")
        waits.append(page(tab).forms["say-x"].again or 0.0)
    assert tries(look, ana.public) == 5
    assert waits == pytest.approx([60, 60, 60, 120, 240, 480], abs=2)
