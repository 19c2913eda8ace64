"""`python -m quart_chat` is `quart-chat`."""

from __future__ import annotations

from quart_chat.cli import main

main(prog_name="quart-chat")
