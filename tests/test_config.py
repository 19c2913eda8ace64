"""Settings that an operator gives hooks."""

from __future__ import annotations

from ipaddress import ip_network

import pytest

from quart_chat.config import Settings
from quart_chat.errors import SettingsError


def test_hooks_are_on_until_an_operator_wants_fewer() -> None:
    assert Settings.from_environment({}).hooks == "yes"
    assert Settings.from_environment({}).hook_networks == ()
    chosen = {"QUART_CHAT_HOOKS": " IN ", "QUART_CHAT_HOOK_NETWORKS": "10.0.0.0/8, fd00::/8 127.0.0.1"}
    found = Settings.from_environment(chosen)
    assert found.hooks == "in"
    assert found.hook_networks == tuple(map(ip_network, ("10.0.0.0/8", "fd00::/8", "127.0.0.1/32")))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("QUART_CHAT_HOOKS", "out"),
        ("QUART_CHAT_HOOK_NETWORKS", "10.0.0.1/8"),
        ("QUART_CHAT_HOOK_NETWORKS", "intranet"),
    ],
)
def test_a_setting_that_cannot_be_used_says_what_it_takes(name: str, value: str) -> None:
    with pytest.raises(SettingsError, match=f"{name} is"):
        Settings.from_environment({name: value})
