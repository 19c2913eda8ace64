"""Templates: one environment a language, in which whatever its templates say of the language alone is said once."""

from __future__ import annotations

import secrets
from collections.abc import MutableMapping
from functools import cache, partial
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, nodes
from jinja2.compiler import has_safe_repr
from jinja2.visitor import NodeTransformer
from markupsafe import Markup

from quart_chat.files import folder
from quart_chat.pages import assets, dress, ids, languages
from quart_chat.pages.names import named
from quart_chat.pages.tokens import HEADER
from quart_chat.room.asking import MAX_ANSWER, MAX_QUESTION
from quart_chat.room.attachments import MOST_FILES
from quart_chat.room.bearers import MAX_LABEL
from quart_chat.room.changes import PICKER, QUICK
from quart_chat.room.names import MAX_NAME, MAX_TITLE
from quart_chat.room.people import hue_of
from quart_chat.room.proofs import LONGEST as LONGEST_PHRASE
from quart_chat.room.proofs import SHORTEST as SHORTEST_PHRASE
from quart_chat.room.proofs import bare
from quart_chat.room.reading import MOST
from quart_chat.room.search import LONGEST as LONGEST_SEARCH
from quart_chat.room.texts import MAX_TOPIC

FIELD = 20_000  # UTF-16 units that a field takes: well over any limit, and under the socket's


def page(template: str, language: str, **values: Any) -> str:
    """Render a whole page, or a part of one, from its template."""
    return environment(language).get_template(template).render(values)


def new_gate() -> str:
    """Make what a page's `hx-nonce` and its scripts say alike, without which hx-csp lets no attribute of htmx count.

    All of a page's elements inherit it, so it keeps nothing out: hx-csp asks for it before it makes the policy of
    Trusted Types by which alone markup comes into a page. At random, for hx-csp takes it out of what is fetched.
    """
    return secrets.token_hex(8)


def names() -> list[str]:
    """Give the names of all templates."""
    return environment(languages.DEFAULT).list_templates()


def prepare(language: str, name: str) -> None:
    """Compile a template, so that nobody waits for it."""
    environment(language).get_template(name)


@cache
def macro(language: str, template: str, name: str) -> Any:
    """Give a macro of a template; what it makes is Markup."""
    return getattr(environment(language).get_template(template).module, name)


def fragment(language: str, template: str, name: str, *values: Any) -> Markup:
    """Render a macro of a template."""
    made: Markup = macro(language, template, name)(*values)
    return made


@cache
def environment(language: str) -> Environment:
    """Make the environment of a language."""
    made = _Environment(
        loader=FileSystemLoader(folder("templates")),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n"],
        auto_reload=False,
    )
    made.install_gettext_translations(languages.translations(language), newstyle=True)  # type: ignore[attr-defined]
    constants = {
        "ids": ids,
        "asset": assets.url,
        "version": assets.version_of_pages,
        "language": language,
        "languages": languages.LANGUAGES,
        "direction": languages.direction,
        "field": FIELD,
        "most_news": MOST,
        "max_name": MAX_NAME,
        "max_label": MAX_LABEL,
        "max_title": MAX_TITLE,
        "max_topic": MAX_TOPIC,
        "max_question": MAX_QUESTION,
        "max_answer": MAX_ANSWER,
        "longest_search": LONGEST_SEARCH,
        "most_files": MOST_FILES,
        "token_header": HEADER,
        "language_header": languages.HEADER,
        "shortest_phrase": SHORTEST_PHRASE,
        "longest_phrase": LONGEST_PHRASE,
        "quick": QUICK,
        "picker": PICKER,
        "worn": dress.WORN,
    }
    made.globals.update(constants, hue_of=hue_of)
    apart = partial(languages.apart, tag=language)
    made.filters.update(bare=bare, named=partial(named, language=language), apart=apart)

    def translated(text: str) -> Markup:
        return Markup(languages.say(language, text)) % {}  # noqa: S704 - as Jinja's own: catalogues are code

    made.constants = {**constants, "_": translated}
    return made


class _Environment(Environment):
    """Works out what is constant when a template is compiled: a room's page without rows takes a third of the time.

    constants: globals that no template sets and that give the same for the same.
    """

    constants: dict[str, Any]

    def make_globals(self, d: MutableMapping[str, Any] | None) -> MutableMapping[str, Any]:
        return {**self.globals, **(d or {})}  # flat, and not a ChainMap that each rendering walks through

    def _generate(self, source: nodes.Template, *args: Any, **kwargs: Any) -> str:
        return super()._generate(_Constants(self.constants).visit(source), *args, **kwargs)


class _Constants(NodeTransformer):
    def __init__(self, constants: dict[str, Any]) -> None:
        self._constants = constants

    def _work_out(self, node: nodes.Expr) -> nodes.Node:
        try:
            value = self._value(node)
        except nodes.Impossible:
            return self.generic_visit(node)
        return nodes.Const(value, lineno=node.lineno) if has_safe_repr(value) else self.generic_visit(node)

    visit_Name = visit_Getattr = visit_Call = _work_out  # noqa: N815 - Jinja's names

    def _value(self, node: nodes.Node) -> Any:
        if isinstance(node, nodes.Const):
            return node.value
        if isinstance(node, nodes.Name) and node.ctx == "load" and node.name in self._constants:
            return self._constants[node.name]
        if isinstance(node, nodes.Getattr):
            return getattr(self._value(node.node), node.attr)
        if isinstance(node, nodes.Call) and not (node.kwargs or node.dyn_args or node.dyn_kwargs):
            return self._value(node.node)(*(self._value(argument) for argument in node.args))
        raise nodes.Impossible
