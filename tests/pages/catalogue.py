"""Every message id that the pages can say: read from the code's syntax trees and from the templates.

`python -m tests.pages.catalogue` prints what the catalogues lack; with a tag, such as `de`, what that one lacks; and
`python -m tests.pages.catalogue new it` begins one.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from babel import Locale
from babel.messages.catalog import Catalog
from babel.messages.extract import extract
from babel.messages.pofile import read_po, write_po

import quart_chat
from quart_chat import errors
from quart_chat.files import folder
from quart_chat.pages.languages import DEFAULT, TAGS

MessageId = str | tuple[str, str]  # a pair: singular and plural

PACKAGE = Path(quart_chat.__file__).parent
TRANSLATED = tuple(tag for tag in TAGS if tag != DEFAULT)

# The position of the message id among a call's arguments.
CALLS = {"say": 1} | {
    name: 0 for name, found in vars(errors).items() if isinstance(found, type) and issubclass(found, errors.Refused)
}


@cache
def message_ids() -> frozenset[MessageId]:
    """Give every message id of the package and its templates."""
    return frozenset((*_of_code(), *_of_templates()))


def path_of(tag: str) -> Path:
    """Tell where a language's .po is."""
    return PACKAGE / "pages" / "translations" / tag.replace("-", "_") / "LC_MESSAGES" / "messages.po"


def source(tag: str) -> str:
    """Give a language's .po as it is written."""
    return path_of(tag).read_text(encoding="utf-8")


@cache
def catalogue(tag: str) -> Catalog:
    """Read a language's .po."""
    with path_of(tag).open("rb") as file:
        return read_po(file, abort_invalid=True)


def said_in(found: Catalog) -> set[MessageId]:
    """Give the message ids of a catalogue that are translated, all forms of them, and not fuzzy."""
    return {_key(m.id) for m in found if m.id and not m.fuzzy and all(_forms(m.string, found))}


def _of_code() -> Iterator[str]:
    trees = [ast.parse(path.read_text(encoding="utf-8")) for path in sorted(PACKAGE.rglob("*.py"))]
    constants = {name: value for tree in trees for name, value in _constants(tree)}
    for call in (node for tree in trees for node in ast.walk(tree) if isinstance(node, ast.Call)):
        position = CALLS.get(_name(call.func))
        if position is None or position >= len(call.args):
            continue
        for part in ast.walk(call.args[position]):  # walked, for it may be a choice of two
            if isinstance(part, ast.Constant) and isinstance(part.value, str):
                yield part.value
            elif isinstance(part, ast.Name | ast.Attribute) and _name(part) in constants:
                yield constants[_name(part)]


def _constants(tree: ast.Module) -> Iterator[tuple[str, str]]:
    for node in tree.body:
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
            for target in node.targets:
                if isinstance(target, ast.Name) and target.id.isupper():
                    yield target.id, node.value.value


def _name(node: ast.expr) -> str:
    if isinstance(node, ast.Name):
        return node.id
    return node.attr if isinstance(node, ast.Attribute) else ""


def _of_templates() -> Iterator[MessageId]:
    options = {"trim_blocks": "true", "lstrip_blocks": "true", "newstyle_gettext": "true", "silent": "false"}
    for path in sorted(folder("templates").rglob("*")):
        with path.open("rb") as file:
            for _, message, _, _ in extract("jinja2.ext:babel_extract", file, options=options):
                yield _key(message)


def _key(message: object) -> MessageId:
    if isinstance(message, str):
        return message
    assert isinstance(message, tuple | list), message
    return str(message[0]), str(message[1])


def _forms(string: object, found: Catalog) -> list[str]:
    if isinstance(string, tuple | list):
        return [*map(str, string), *[""] * (found.num_plurals - len(string))]
    return [str(string or "")]


HEADER = """msgid ""
msgstr ""
"Project-Id-Version: Quart Chat\\n"
"Language: {language}\\n"
"MIME-Version: 1.0\\n"
"Content-Type: text/plain; charset=utf-8\\n"
"Content-Transfer-Encoding: 8bit\\n"
"Plural-Forms: {plural}\\n"

"""


def begin(tag: str) -> None:
    """Write a language's .po in which everything is still to be said, with as many plural forms as it has."""
    made = Catalog(locale=Locale.parse(tag, sep="-"))
    for message in catalogue("pt-BR"):
        if message.id:
            made.add(message.id, user_comments=message.user_comments)
    path_of(tag).parent.mkdir(parents=True)
    with path_of(tag).open("wb") as file:
        file.write(HEADER.format(language=made.locale, plural=made.plural_forms).encode())
        write_po(file, made, width=0, omit_header=True)


def report(tag: str) -> None:
    """Print what a catalogue lacks, and what it has too much."""
    held = catalogue(tag)
    for missing in sorted(message_ids() - said_in(held), key=str):
        print(f"{tag} lacks        {missing!r}")
    for superfluous in sorted({_key(m.id) for m in held if m.id} - message_ids(), key=str):
        print(f"{tag} superfluous  {superfluous!r}")


if __name__ == "__main__":
    if sys.argv[1:2] == ["new"]:
        begin(sys.argv[2])
    else:
        for tag in sys.argv[1:] or TRANSLATED:
            report(tag)
