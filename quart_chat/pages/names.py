"""Names of people as pages show them: with a check mark where somebody has proved theirs, and bots with that word."""

from __future__ import annotations

from markupsafe import Markup, escape

from quart_chat.pages import languages
from quart_chat.room.proofs import bare, is_bot, is_proved


def named(name: str, language: str) -> Markup:
    """Render a name, and its mark for those who see it and those who hear it."""
    shown = escape(bare(name))
    if is_bot(name):
        return Markup('{} <small class="bot">{}</small>').format(shown, languages.say(language, "bot"))
    if not is_proved(name):
        return shown
    says = languages.say(language, "proved by a phrase")
    mark = Markup('<span class="proof" role="img" aria-label="{says}" title="{says}">✓</span>')
    return Markup("{} {}").format(shown, mark.format(says=says))
