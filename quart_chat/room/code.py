"""Code in the colours of its language, by Pygments: classes alone, and no guess at what the language is."""

from __future__ import annotations

from functools import cache
from itertools import islice
from typing import Any

from markupsafe import Markup, escape
from pygments.lexer import Lexer
from pygments.lexers import get_lexer_by_name
from pygments.token import STANDARD_TYPES

PREFIX = "hl-"  # else c1 would be a comment, and the colour of a person
_GAP = "\n" * 9  # lexers of C and its kin take long over these
CLASSES = frozenset(PREFIX + name for name in STANDARD_TYPES.values() if name)
MOST = 1000  # tokens; lexers take as long as their number times what is left to read, and more is no snippet
LONGEST = 1500  # characters of code in a message that are coloured

# Names behind a fence, and the lexer of each. One that takes long over a letter again and again is left out.
LANGUAGES = {
    name: lexer
    for lexer, names in {
        "bash": "bash sh shell zsh",
        "c": "c h",
        "cpp": "cpp c++ hpp",
        "csharp": "csharp cs java",
        "css": "css",
        "dart": "dart",
        "diff": "diff patch",
        "docker": "docker dockerfile",
        "elixir": "elixir ex",
        "go": "go golang",
        "graphql": "graphql",
        "haskell": "haskell hs",
        "html": "html",
        "javascript": "javascript js jsx typescript ts tsx",
        "json": "json",
        "kotlin": "kotlin kt",
        "latex": "latex tex",
        "lua": "lua",
        "nginx": "nginx",
        "perl": "perl pl",
        "php": "php",
        "powershell": "powershell ps1",
        "pycon": "pycon",
        "python": "python py python3",
        "r": "r",
        "ruby": "ruby rb",
        "rust": "rust rs",
        "sql": "sql",
        "swift": "swift",
        "toml": "toml",
        "xml": "xml svg",
        "yaml": "yaml yml",
        "zig": "zig",
    }.items()
    for name in names.split()
}


def highlight(code: str, info: str) -> Markup:
    """Write code as HTML; info: what stands behind the fence, its first word a language."""
    lexer = LANGUAGES.get(info.strip().partition(" ")[0].lower())
    if lexer is None or len(code) > LONGEST or _GAP in code:
        return escape(code)
    tokens = list(islice(_lexer(lexer).get_tokens(code), MOST + 1))
    if len(tokens) > MOST:
        return escape(code)
    return Markup("").join(_written(kind, text) for kind, text in tokens)


def _written(kind: Any, text: str) -> Markup:
    while kind not in STANDARD_TYPES:
        kind = kind.parent
    name = STANDARD_TYPES[kind]
    return Markup('<span class="{}{}">{}</span>').format(PREFIX, name, text) if name and text.strip() else escape(text)


@cache
def _lexer(name: str) -> Lexer:
    return get_lexer_by_name(name, stripnl=False, ensurenl=False)
