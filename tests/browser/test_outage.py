"""What a tab does while its server, its network or the store is away, and afterwards."""

from __future__ import annotations

import os
import re
import signal
from collections.abc import Iterator
from contextlib import contextmanager

from playwright.async_api import expect

from tests.browser.conftest import Serve, Visitors
from tests.browser.network import Proxy
from tests.browser.pages import Tab, each_once, numbered
from tests.browser.poster import Poster
from tests.server.processes import ServerProcess

SECOND = 1_000  # ms
SILENT_FOR = 25 * SECOND  # the longest until a page says that its connection has fallen silent


@contextmanager
def held(*pids: int) -> Iterator[None]:
    """Stop processes of the test's own server, and let them go on at the end."""
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in pids:
            os.kill(pid, signal.SIGCONT)


async def write_many(tab: Tab, texts: list[str]) -> None:
    for text in texts:
        await tab.say(text, typed=len(texts) < 50)


async def sees_all(tab: Tab, texts: list[str]) -> None:
    """Wait until the last one is there, and check that all are, once and in order."""
    await expect(tab.waiting).to_have_count(0, timeout=30 * SECOND)
    await tab.ends_with(texts[-1], timeout=30 * SECOND)
    each_once(await tab.all_texts(), texts)


# --- the server ------------------------------------------------------------------------------------


async def test_a_tab_whose_server_crashed_sees_each_message_once(serve: Serve, visitors: Visitors, room: str) -> None:
    server = serve()
    tab = await (await visitors(server.url)).enter(room)
    tab.expect_network_errors()
    await tab.say("before")
    await sees_all(tab, ["before"])
    server.kill()
    await tab.is_away(2 * SECOND)
    down = numbered(3, "down")
    await write_many(tab, down)
    await expect(tab.waiting).to_have_count(3)
    await tab.set_offline(True)  # so that the other one is first
    again = serve(server.port)
    meanwhile = numbered(3, "meanwhile")
    async with Poster(again.url) as poster:
        await poster.say(room, *meanwhile)
        await tab.set_offline(False)
        await sees_all(tab, ["before", *meanwhile, *down])
        await tab.is_live(2 * SECOND)
        await poster.say(room, "after")
    await tab.ends_with("after")
    await tab.say("me too")
    everything = ["before", *meanwhile, *down, "after", "me too"]
    await sees_all(tab, everything)
    await tab.reload()
    await sees_all(tab, everything)


async def test_a_tab_lives_through_an_orderly_restart(serve: Serve, visitors: Visitors, room: str) -> None:
    server = serve()
    ana = await (await visitors(server.url)).enter(room)
    bento = await (await visitors(server.url)).enter(room)
    for tab in (ana, bento):
        tab.expect_network_errors()
    await ana.say("before")
    await bento.shows("before")
    assert server.stop() == 0
    await ana.is_away(2 * SECOND)
    await ana.say("down")
    again = serve(server.port)
    await sees_all(bento, ["before", "down"])
    await sees_all(ana, ["before", "down"])
    await bento.say("after")
    for tab in (ana, bento):
        await sees_all(tab, ["before", "down", "after"])
        await expect(tab["#connection"]).to_be_hidden()
    assert again.process.poll() is None


async def test_restarting_the_workers_one_by_one_loses_nothing(serve: Serve, visitors: Visitors, room: str) -> None:
    server = serve()
    ana = await (await visitors(server.url)).enter(room)
    bento = await (await visitors(server.url)).enter(room)
    for tab in (ana, bento):
        tab.expect_network_errors()
    old = set(server.worker_pids)
    server.send(signal.SIGHUP)
    texts = numbered(12)
    for text in texts:
        await ana.say(text)
    server.wait_for(lambda: len(server.worker_pids) == 2 and not old & set(server.worker_pids), "two new workers")
    for tab in (ana, bento):
        await sees_all(tab, texts)
        await tab.is_live()
    await bento.say("after")
    await sees_all(ana, [*texts, "after"])


async def test_a_reconnect_after_a_message_says_nothing_of_it(serve: Serve, visitors: Visitors, room: str) -> None:
    server = serve()
    tab = await (await visitors(server.url)).enter(room)
    tab.expect_network_errors()
    await tab.say("before")
    await sees_all(tab, ["before"])
    for pid in server.worker_pids:
        os.kill(pid, signal.SIGKILL)
    await tab.is_away(2 * SECOND)
    await tab.is_live(10 * SECOND)
    await tab.say("after")
    await sees_all(tab, ["before", "after"])
    await expect(tab["#notice"]).to_have_text("")


async def test_what_is_typed_while_a_send_is_under_way_stays(serve: Serve, visitors: Visitors, room: str) -> None:
    server = serve()
    ana = await (await visitors(server.url)).enter(room)
    bento = await (await visitors(server.url)).enter(room)
    with held(*server.worker_pids):
        await ana.say("on its way", typed=True)
        await ana.page.keyboard.type("and this is not fin", delay=10)
        await expect(ana.waiting).to_have_count(1)
        await expect(ana.waiting.locator(".sending")).to_be_visible()
        await expect(ana.field).to_have_value("and this is not fin")
    for tab in (ana, bento):
        await sees_all(tab, ["on its way"])
    await expect(ana.field).to_have_value("and this is not fin")
    await expect(ana.field).to_be_focused()
    await ana.page.keyboard.type("ished", delay=10)
    await ana.page.keyboard.press("Enter")
    for tab in (ana, bento):
        await sees_all(tab, ["on its way", "and this is not finished"])


# --- the network -----------------------------------------------------------------------------------


async def test_what_is_written_offline_waits_in_sight_and_arrives_once(
    server: ServerProcess, visitors: Visitors, room: str
) -> None:
    ana = await (await visitors(server.url)).enter(room)
    bento = await (await visitors(server.url)).enter(room)
    await ana.set_offline(True)
    await ana.is_away(1 * SECOND)
    texts = numbered(25)
    await write_many(ana, texts)
    await expect(ana.waiting).to_have_count(25)
    fields = ana.waiting.locator(".field")
    assert await fields.evaluate_all("fields => fields.map(field => field.value)") == texts
    await expect(ana.waiting.last).to_have_css("opacity", "1")
    await expect(ana.waiting.last.locator(".sending")).to_be_in_viewport()
    await expect(bento.texts).to_have_count(0)
    await ana.set_offline(False)
    await ana.is_live()
    for tab in (ana, bento):
        await sees_all(tab, texts)
    await expect(ana["#connection"]).to_be_hidden(timeout=1 * SECOND)
    await expect(ana.field).to_be_focused()
    await ana.page.keyboard.type("and one more", delay=5)
    await ana.page.keyboard.press("Enter")
    for tab in (ana, bento):
        await sees_all(tab, [*texts, "and one more"])


async def test_what_was_swallowed_by_a_dying_connection_comes_before_what_was_written_without_one(
    server: ServerProcess, proxy: Proxy, visitors: Visitors, room: str
) -> None:
    ana = await (await visitors(proxy.url)).enter(room)
    bento = await (await visitors(server.url)).enter(room)
    ana.expect_network_errors()
    proxy.silence()
    texts = numbered(6)
    await write_many(ana, texts[:2])
    proxy.cut()
    await ana.is_away(1 * SECOND)
    await write_many(ana, texts[2:])
    await expect(ana.waiting).to_have_count(6)
    proxy.heal()
    for tab in (ana, bento):
        await sees_all(tab, texts)


async def test_a_hundred_and_twenty_messages_written_without_a_connection_arrive_once(
    server: ServerProcess, proxy: Proxy, visitors: Visitors, room: str
) -> None:
    ana = await (await visitors(proxy.url)).enter(room)
    bento = await (await visitors(server.url)).enter(room)
    ana.expect_network_errors()
    async with ana.page.expect_event("requestfinished", lambda request: request.url.endswith("/1")):
        await ana.field.press_sequentially("1")  # who begins to write gets the second hundred forms
    proxy.cut()
    await ana.is_away(1 * SECOND)
    texts = numbered(120)
    await write_many(ana, texts)
    await expect(ana.waiting).to_have_count(120)
    ana.witness.allow("Outgoing messages queue is full")  # htmx holds a hundred; the forms hold the rest
    opened = len(ana.sockets)
    async with ana.page.expect_websocket(lambda socket: len(ana.sockets) > opened):
        proxy.heal()
    await ana.is_live()
    for tab in (ana, bento):
        await sees_all(tab, texts)
    await expect(ana["#connection"]).to_be_hidden()
    await expect(ana.field).to_be_focused()
    await ana.say("and one more")
    for tab in (ana, bento):
        await sees_all(tab, [*texts, "and one more"])


async def test_the_notice_of_a_lost_connection_goes_with_the_connections_return(
    server: ServerProcess, proxy: Proxy, visitors: Visitors, somebody: Poster, room: str
) -> None:
    tab = await (await visitors(proxy.url)).enter(room)
    tab.expect_network_errors()
    proxy.cut()
    await tab.is_away(1 * SECOND)
    await somebody.say(room, *numbered(3, "missed"))
    await expect(tab.texts).to_have_count(0)
    proxy.heal()
    async with tab.page.expect_event("websocket"):
        pass  # the first try that can succeed
    await expect(tab["#connection"]).to_be_hidden(timeout=1 * SECOND)
    await sees_all(tab, numbered(3, "missed"))
    await somebody.say(room, "live")
    await sees_all(tab, [*numbered(3, "missed"), "live"])


async def test_half_typed_text_is_neither_sent_nor_lost_by_a_reconnect(
    server: ServerProcess, proxy: Proxy, visitors: Visitors, somebody: Poster, room: str
) -> None:
    tab = await (await visitors(proxy.url)).enter(room)
    tab.expect_network_errors()
    await tab.field.focus()
    await tab.page.keyboard.type("half a sen", delay=5)
    for number in (1, 2):
        proxy.cut()
        await tab.is_away()
        proxy.heal()
        await tab.is_live()
        await somebody.say(room, f"meanwhile {number}")
        await tab.ends_with(f"meanwhile {number}")
    await expect(tab.field).to_have_value("half a sen")
    await expect(tab.field).to_be_focused()
    await sees_all(tab, numbered(2, "meanwhile"))
    await tab.page.keyboard.type("tence", delay=5)
    await tab.page.keyboard.press("Enter")
    await sees_all(tab, [*numbered(2, "meanwhile"), "half a sentence"])


async def test_a_tab_that_missed_more_than_is_replayed_shows_the_newest_page(
    server: ServerProcess, proxy: Proxy, visitors: Visitors, somebody: Poster, room: str
) -> None:
    tab = await (await visitors(proxy.url)).enter(room)
    tab.expect_network_errors()
    await tab.say("before")
    await tab.shows("before")
    proxy.cut()
    await tab.is_away()
    missed = numbered(300, "missed")
    await somebody.flood(room, missed)
    proxy.heal()
    await sees_all(tab, missed[-50:])
    await tab.load_all()
    each_once(await tab.all_texts(), ["before", *missed])


async def test_a_connection_that_fell_silent_is_said_and_mended(
    server: ServerProcess, proxy: Proxy, visitors: Visitors, somebody: Poster, room: str
) -> None:
    tab = await (await visitors(proxy.url)).enter(room)
    tab.expect_network_errors()
    await tab.say("before")
    await tab.shows("before")
    proxy.silence()
    await tab.say("into the void")
    await expect(tab["#connection"]).to_be_visible(timeout=SILENT_FOR)
    await expect(tab["#connection"]).to_contain_text("No connection")
    await somebody.say(room, "missed")
    proxy.heal()
    await sees_all(tab, ["before", "missed", "into the void"])
    await expect(tab["#connection"]).to_be_hidden()
    await somebody.say(room, "after")
    await tab.ends_with("after")


async def test_going_back_to_a_room_shows_what_was_missed_and_is_live(
    server: ServerProcess, visitors: Visitors, somebody: Poster, room: str
) -> None:
    tab = await (await visitors(server.url)).enter(room)
    await somebody.say(room, "before")
    await tab.shows("before")
    await tab["header .home"].click()
    await expect(tab.page).to_have_url(f"{server.url}/")
    await somebody.say(room, "missed")
    await tab.page.go_back()
    await tab.is_live()
    await tab.shows("before", "missed")
    await somebody.say(room, "live")
    await tab.shows("before", "missed", "live")
    await tab.say("and back")
    await tab.shows("before", "missed", "live", "and back")


# --- the store -------------------------------------------------------------------------------------


async def test_a_store_that_is_away_is_said_and_nothing_is_lost(serve: Serve, visitors: Visitors, room: str) -> None:
    server = serve()
    ana = await (await visitors(server.url)).enter(room)
    bento = await (await visitors(server.url)).enter(room)
    await ana.say("before")
    await bento.shows("before")
    await expect(ana.waiting).to_have_count(0)  # else it is one of those that wait
    workers, store = server.worker_pids, server.store_pid
    meanwhile = numbered(3, "meanwhile")
    async with Poster(server.url) as poster:
        with held(store):
            for tab in (ana, bento):
                await expect(tab["#connection.store"]).to_be_visible(timeout=20 * SECOND)
            ready = await poster.get("/readyz")
            assert ready.status_code == 503
            assert ready.json()["reason"]
            assert (await poster.get("/healthz")).status_code == 200
            await write_many(ana, meanwhile)
            reasons = ana.waiting.locator(".why")
            await expect(reasons).to_have_count(3)
            await expect(reasons.first).to_be_visible()
            await expect(reasons.first).to_contain_text("sent again by itself")
            fields = ana.waiting.locator("textarea")
            assert await fields.evaluate_all("fields => fields.map(field => field.value)") == meanwhile
        for tab in (ana, bento):
            await tab.is_live()
            await sees_all(tab, ["before", *meanwhile])
            await expect(tab["#connection"]).to_be_hidden()
        assert (await poster.get("/readyz")).status_code == 200
    await bento.say("after")
    for tab in (ana, bento):
        await sees_all(tab, ["before", *meanwhile, "after"])
    await expect(ana["#composer > .turn"]).to_have_count(1)
    assert (server.worker_pids, server.store_pid) == (workers, store), "something was started again"


async def test_a_store_that_crashed_is_started_again_and_the_room_goes_on(
    serve: Serve, visitors: Visitors, room: str
) -> None:
    server = serve()
    ana = await (await visitors(server.url)).enter(room)
    bento = await (await visitors(server.url)).enter(room)
    await ana.say("before")
    await bento.shows("before")
    heard = len(server.output)
    os.kill(server.store_pid, signal.SIGKILL)
    await ana.say("at that moment")
    server.wait_for_output(r"the store is ready \(pid \d+\)", after=heard)
    for tab in (ana, bento):
        await sees_all(tab, ["before", "at that moment"])
        await tab.is_live()
    await bento.say("after")
    await sees_all(ana, ["before", "at that moment", "after"])
    assert not re.search(r"worker \d+ \(pid \d+\) (ended|died|exited)", server.output[heard:])
