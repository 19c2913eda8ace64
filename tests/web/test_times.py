from __future__ import annotations

import re

import pytest

from tests.server.processes import ServerProcess
from tests.web.visits import browser, fresh


def test_times_are_guessed_and_chosen(server: ServerProcess) -> None:
    room = fresh()
    with browser(server) as ana, browser(server, **{"Accept-Language": "pt-BR"}) as bento:
        ana.get("/")
        ana.post(f"/r/{room}/messages", data={"text": "x", "nonce": "n"})
        assert re.search(r'title="[^"]*UTC"', ana.get(f"/r/{room}").text)
        assert re.search(r'title="[^"]*BRT"', bento.get(f"/r/{room}").text)
        form = ana.get(f"/times?room={room}")
        assert '<option value="UTC" selected>' in form.text
        done = ana.post("/times", data={"zone": "Asia/Tokyo", "hours": "24", "room": room})
        assert (done.status_code, done.headers["Location"]) == (303, f"/r/{room}")
        assert re.search(r'title="[^"]* [0-9]{2}:[0-9]{2} [^"]*9[^"]*"', ana.get(f"/r/{room}").text)
        assert '<option value="Asia/Tokyo" selected>' in ana.get("/times", headers={"HX-Request": "true"}).text
        live = ana.post("/times", data={"zone": "UTC", "hours": ""}, headers={"HX-Request": "true"})
        assert live.headers["HX-Refresh"] == "true"


@pytest.mark.parametrize("data", [{}, {"zone": "Mars/Olympus"}, {"zone": "UTC", "hours": "13"}, {"zone": "../x"}])
def test_what_is_no_time_zone_is_refused(server: ServerProcess, data: dict[str, str]) -> None:
    with browser(server) as ana:
        refused = ana.post("/times", data=data)
        assert refused.status_code == 400
        assert "does not know that time zone" in refused.text
        ana.cookies.set("quart_chat_times", "Mars/Olympus 99")
        assert ana.get("/").status_code == 200


def test_nobody_is_led_to_another_site(server: ServerProcess) -> None:
    with browser(server) as ana:
        done = ana.post("/times", data={"zone": "UTC", "hours": "", "room": "//evil.example"})
        assert done.headers["Location"] == "/"
