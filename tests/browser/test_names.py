"""A name is one person's in a room while they are there."""

from __future__ import annotations

import re

from playwright.async_api import expect

from tests.browser.conftest import Visitors
from tests.server.processes import ServerProcess

SECOND = 1_000  # ms
UNPROCESSABLE = r"Failed to load resource: the server responded with a status of 422"


async def test_who_comes_second_is_shown_beside_the_first_until_they_choose_another_name(
    server: ServerProcess, visitors: Visitors, room: str
) -> None:
    paula = await (await visitors(server.url)).enter(room)
    await paula.rename("Paula")
    await paula.sees_people("Paula")
    person = await visitors(server.url)
    lobby = await (await person.tab()).lobby()
    await lobby.rename("PauIa")  # with a capital i
    await expect(lobby["#me"]).to_have_text("PauIa")
    other = await person.enter(room)
    await expect(other["#notice"]).to_contain_text("Somebody here is called PauIa already")
    await expect(other["#me"]).to_have_text(re.compile(r"^PauIa \d+$"))
    beside = await other.name()
    await other.move_away_from(paula)
    await expect(other["#me"]).to_have_text(beside)
    for tab in (paula, other):
        await tab.sees_people("Paula", beside)
    await other.say("I am the second one")
    await paula.ends_with("I am the second one")
    await expect(paula["#log .name"]).to_have_text([beside])
    other.witness.allow(UNPROCESSABLE)
    await other.rename("paula")
    await expect(other["#name-error"]).to_contain_text("Somebody in this room is called paula, or looks so")
    await other.rename("Bia")
    for tab in (paula, other):
        await tab.sees_people("Paula", "Bia")


async def test_a_name_is_free_again_when_its_person_has_left(
    server: ServerProcess, visitors: Visitors, room: str
) -> None:
    paula = await (await visitors(server.url)).enter(room)
    await paula.rename("Paula")
    await paula.sees_people("Paula")
    await paula.page.goto("about:blank")
    other = await (await visitors(server.url)).enter(room)
    name = await other.name()
    await other.sees_people("Paula", name)
    await other.sees_people(name, timeout=12 * SECOND)
    await other.rename("Paula")
    await other.sees_people("Paula")
