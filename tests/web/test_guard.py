from __future__ import annotations

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from websockets.exceptions import InvalidStatus
from werkzeug.datastructures import Headers

from quart_chat.errors import Unwelcome
from quart_chat.web.guard import check_origin, visit
from tests.server.processes import ServerProcess
from tests.web.visits import browser, fresh, tab

FOREIGN = ["https://evil.example", "null", "", "http://127.0.0.1", "https://127.0.0.1:{port}", "http://127.0.0.1:1"]
FOREIGN += ["http://127.0.0.1:{port}@evil.example", "http://127.0.0.1:{port}.evil.example", "//127.0.0.1:{port}", "x"]
FOREIGN += ["http://evil.example/127.0.0.1:{port}", "http://localhost:{port}", "http://127.0.0.1:{port}x", "http://["]
FORMS = [("/rooms", {"surprise": "1"}), ("/me", {"name": "Ana"}), ("/language", {"language": "en"})]
FORMS += [("/r/guarded/messages", {"text": "x", "nonce": "n"}), ("/compose/en/lines", {"nonce": "n", "text": "x"})]
TLS = {"X-Forwarded-Proto": "https", "X-Forwarded-For": "192.0.2.2"}


def cookie(server: ServerProcess) -> str:
    with browser(server) as client:
        client.get("/")
        return f"quart_chat={client.cookies['quart_chat']}"


def post(server: ServerProcess, headers: dict[str, str]) -> httpx.Response:
    with browser(server, origin=False, **headers) as client:
        return client.post("/rooms", data={"surprise": "1"})


@pytest.mark.parametrize(("path", "data"), FORMS)
@pytest.mark.parametrize("origin", ["https://evil.example", "null"])
def test_another_site_s_forms_are_refused(server: ServerProcess, path: str, data: dict[str, str], origin: str) -> None:
    for headers in ({"Origin": origin}, {"Origin": origin, "Cookie": cookie(server)}, {"Sec-Fetch-Site": "cross-site"}):
        with browser(server, origin=False, **headers) as client:
            response = client.post(path, data=data)
        assert response.status_code == 403
        assert "another site" in response.text


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "FOO"])
def test_other_methods_of_another_site_come_no_further(server: ServerProcess, method: str) -> None:
    with browser(server, origin=False, Origin="https://evil.example") as client:
        assert client.request(method, "/me").status_code in (403, 405, 501)


@pytest.mark.parametrize("origin", FOREIGN)
async def test_another_origin_is_refused_by_form_and_by_socket(server: ServerProcess, origin: str) -> None:
    origin = origin.format(port=server.port)
    assert post(server, {"Origin": origin}).status_code == 403
    with pytest.raises(InvalidStatus) as refused:
        async with tab(server, "r", cookie=cookie(server), origin=None, Origin=origin):
            pass
    assert refused.value.response.status_code == 403  # before it was accepted


async def test_the_page_s_own_origin_is_welcome(server: ServerProcess) -> None:
    assert post(server, {"Origin": server.url}).status_code == 303
    assert post(server, {"Origin": server.url.upper().replace("HTTP", "http")}).status_code == 303
    async with tab(server, fresh(), cookie=cookie(server)) as page:
        await page.frame('id="connection" class="live"')


async def test_who_has_a_cookie_has_to_say_where_they_come_from(server: ServerProcess) -> None:
    assert post(server, {"Cookie": cookie(server)}).status_code == 403
    assert post(server, {"Cookie": "quart_chat=forged"}).status_code == 403
    assert post(server, {"Cookie": cookie(server), "Sec-Fetch-Site": "same-origin"}).status_code == 303
    with pytest.raises(InvalidStatus) as refused:
        async with tab(server, "r", cookie=cookie(server), origin=None):
            pass
    assert refused.value.response.status_code == 403


async def test_a_program_without_a_cookie_may_leave_it_out(server: ServerProcess) -> None:
    assert post(server, {}).status_code == 303
    async with tab(server, fresh(), origin=None) as page:
        await page.frame('id="connection" class="live"')


@pytest.mark.parametrize("site", ["cross-site", "same-site", "none", "", "x"])
def test_only_the_same_origin_is_as_good_as_an_origin(server: ServerProcess, site: str) -> None:
    assert post(server, {"Sec-Fetch-Site": site}).status_code == 403


def test_an_origin_counts_more_than_what_is_said_beside_it(server: ServerProcess) -> None:
    headers = {"Origin": "https://evil.example", "Sec-Fetch-Site": "same-origin"}
    assert post(server, headers).status_code == 403


@pytest.mark.parametrize("origin", ["https://chat.example", "https://chat.example:443", "http://other.example:8080"])
async def test_an_operator_s_other_origins_are_welcome(behind: ServerProcess, origin: str) -> None:
    with browser(behind, origin=False, Origin=origin) as client:
        assert client.post("/language", data={"language": "en"}).status_code == 303
    async with tab(behind, fresh(), origin=origin, **{"X-Forwarded-For": "192.0.2.3"}) as page:
        await page.frame('id="connection" class="live"')


@pytest.mark.parametrize("origin", ["http://chat.example", "http://other.example", "https://sub.chat.example"])
def test_what_is_only_like_an_operator_s_origin_is_not(behind: ServerProcess, origin: str) -> None:
    with browser(behind, origin=False, Origin=origin) as client:
        assert client.post("/language", data={"language": "en"}).status_code == 403


async def test_behind_a_proxy_that_ends_tls_the_page_s_origin_is_https(behind: ServerProcess) -> None:
    own = f"https://127.0.0.1:{behind.port}"
    for origin, status in ((own, 303), (behind.url, 403), ("https://evil.example", 403)):
        with browser(behind, origin=False, Origin=origin, **TLS) as client:
            assert client.post("/language", data={"language": "en"}).status_code == status
    async with tab(behind, fresh(), origin=own, **TLS) as page:
        await page.frame('id="connection" class="live"')
    for scheme in ("https", "wss"):
        named = {**TLS, "X-Forwarded-Proto": scheme, "X-Forwarded-Host": "rooms.example"}
        async with tab(behind, fresh(), origin="https://rooms.example", **named) as page:
            await page.frame('id="connection" class="live"')
    with browser(behind, **TLS, **{"X-Forwarded-Host": "rooms.example"}) as client:
        assert "https://rooms.example/r/linked" in client.get("/r/linked").text


OWN = visit("https", "chat.example", None)


@given(st.text())
def test_no_other_origin_passes_for_the_own_one(origin: str) -> None:
    if origin.lower().rstrip("/") in ("https://chat.example", "https://chat.example:443"):
        return
    with pytest.raises(Unwelcome):
        check_origin(Headers({"Origin": "".join(c for c in origin if c not in "\r\n")}), OWN, (), identified=False)


@pytest.mark.parametrize(
    ("client", "address"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("[2001:DB8:1:2::1]", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("192.0.2.1:50000", "192.0.2.1"),
        ("[2001:db8:1:2::1]:443", "2001:db8:1:2::/64"),
        ("", "unknown"),
        ("{}~\n", "unknown"),
        ("unix:a/b", "unixab"),
        ("x" * 1000, "x" * 64),
    ],
)
def test_an_address_has_one_spelling(client: str, address: str) -> None:
    assert visit("http", "h", client).address == address
    assert visit("http", "h", None).address == "unknown"


@given(st.text())
def test_no_address_can_leave_its_key(client: str) -> None:
    address = visit("http", "h", client).address
    assert address
    assert len(address) <= 64
    assert not set(address) & set("{}\n\r ~@")
