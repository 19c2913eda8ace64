"""A message's text as HTML: a subset of Markdown, and plain wherever it is not clear that somebody meant it.

Parsed by markdown-it-py with rules that are stricter than CommonMark's: chat is full of shell prompts, formulas and
file names. What comes out is made of the TAGS alone, and passes nh3 as a second wall.
"""

from __future__ import annotations

import ipaddress
import re
from bisect import bisect_left
from collections.abc import Callable, Sequence
from functools import cache
from typing import NamedTuple
from urllib.parse import urlsplit

import emoji
import nh3
from linkify_it import LinkifyIt
from markdown_it import MarkdownIt
from markdown_it.rules_block import StateBlock
from markdown_it.rules_inline import StateInline
from markdown_it.rules_inline.state_inline import Delimiter
from markdown_it.token import Token
from markupsafe import Markup, escape

from quart_chat.events import get_logger
from quart_chat.room.code import CLASSES, LONGEST, highlight
from quart_chat.room.mentions import Mention
from quart_chat.room.people import is_public_id
from quart_chat.room.slash import SHRUG

logger = get_logger(__name__)

NESTED = 3  # quotes and lists within one another
MEANT = 160  # marks, links and blocks; a text with more of them is no prose, and stays as it is
EXCERPT = 140  # code points of a quote
BIG = 6  # emoji that are shown large when a message is nothing else

REL = "noopener noreferrer nofollow ugc"
SCHEMES = ("http", "https", "mailto")
TAGS = frozenset("div strong em s code pre blockquote ul ol li a span details summary".split())
ATTRIBUTES = {"a": {"href"}, "ol": {"start"}}

# Names without a scheme are links under these alone: main.py is a file, and "done.it works" lacks a space
_DOMAINS = "com org net edu gov io dev br pt fr uk ar nl ch jp".split()

# What a text without it has nothing to be parsed for: most have none
_MEANT = re.compile(
    r"[*`]|(?<!\w)_|~~|\|\||\]\(|\\[~|]|(?<![\w:]):[a-z0-9_+-]+:(?![\w:])|://|mailto:|\.[a-z]{2}"
    r"|^(?:> |[ \t]*(?:[-*]|[0-9]{1,3}[.)]) )",
    re.MULTILINE | re.IGNORECASE,
)
# A character without which nothing of that is there: looked for in a tenth of the time
_MARK = re.compile(r"[*_`~|\\\]:.>\-)]")
# Whatever the parser may have to look at
_PART = re.compile(
    r"[*_~`|\[$]+|:[a-z0-9_+-]+:|://|mailto:|\.[a-z]{2}|^(?:> |[-*] |[0-9]{1,3}[.)] )|\n[^\S\n]*\n",
    re.MULTILINE | re.IGNORECASE,
)
_BARE = re.compile(
    r"(?<![\w@.:/-])(?:https?://|mailto:|www\.(?=\w)|(?:[a-z0-9-]{1,63}\.){1,4}(?:DOMAINS)\b(?![.@-]\w))"
    r"[^\s<>\"]{0,1000}".replace("DOMAINS", "|".join(_DOMAINS)),
    re.IGNORECASE,
)
_FENCED = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
_PROMPT = re.compile(r"[ \t]*(?:[$%#] \S|>>>|PS [^\n>]*> |\[?[\w.-]+@[\w.-]+[^\n$#]{0,100}[$#] )")
_QUOTE = re.compile(r"> |>$")
_ITEM = re.compile(r"([ \t]{0,12})([-*]|[0-9]{1,3}[.)]) +(?=\S)")
_HOST = re.compile(r"\w[\w-]*(?:\.\w[\w-]*)*\.?|[0-9a-f:.]{2,45}", re.IGNORECASE)
_LINK = re.compile(r"\[((?:[^\[\]\\\n]|\\.){1,200})\]\(((?:https?://|mailto:)[^\s()<>\"]{1,1000})\)")
_OTHER_ESCAPE = re.compile(r"\\[^*_~`|\s]")
_SPOILER = re.compile(r"\|\|(?=[^\s|])((?:[^|\n]|\|(?!\|)){1,1000}?)(?<=[^\s|])\|\|")
_MATHS = re.compile(r"\$\$?(?=[^\s$])[^$\n]{0,500}?(?<=[^\s$])\$\$?(?![0-9])")
_FORMULA = re.compile(r"[\\^_=+*/<>{}|]")
_HIDDEN = re.compile(r'<details class="spoiler">.*?</details>', re.DOTALL)
_ENDS = re.compile(r"</(?:div|blockquote|li|pre)>")
_TAG = re.compile(r"(<(?:code|a)\b.*?</(?:code|a)>|<[^>]*>)", re.DOTALL)
_SHORTCODE = re.compile(r"(?<![\w:]):([a-z0-9_+-]{1,40}):(?![\w:])")

_OPENS = frozenset("([{\"'“‘«¿¡—–-/,;:*_~|>")  # what a mark that opens may follow, besides white space
_NOT_FIRST = frozenset("/.=+-<>&)]},;:!?%^\\|$#@~")  # what a mark that opens is not followed by
_COUNTS = {"*": (1, 2, 3), "_": (1,), "~": (2,)}  # of marks together; __init__ is a name
_NOT_LAST = frozenset("([{=+-<&,;\\|$#@^")  # nor preceded by, when it closes


def to_html(text: str) -> Markup:
    """Turn a message's text into HTML: the only path on which what people write reaches a page."""
    if not _MARK.search(text) or not _MEANT.search(text):
        return _big(text) or escape(text)
    if sum(1 for _ in _PART.finditer(_FENCED.sub("", text))) > MEANT:
        return escape(text)
    if (big := _big(with_emoji(text))) is not None:
        return big
    try:
        return Markup(_second_wall().clean(_blocks(_parser().parse(text))))  # noqa: S704 - sanitised
    except Exception:  # nobody's text may keep a room from being shown
        logger.exception("text.unrendered")
        return escape(text)


def to_plain(text: str, most: int = EXCERPT) -> str:
    """Give the beginning of a message's text as one line without marks; what is hidden stays hidden.

    most: code points, "…" with them.
    """
    html = _ENDS.sub(r" \g<0>", _HIDDEN.sub("▒▒▒", to_html(text)))
    plain = Markup(html).striptags() or "…"  # noqa: S704 - its tags are taken out again
    return plain if len(plain) <= most else f"{plain[: most - 1].rstrip()}…"


def marked(html: Markup, mentions: Sequence[Mention]) -> Markup:
    """Mark those who are meant in a message's text, but not in its code and links: `mention u-PUBLIC`."""
    classes: dict[str, list[str]] = {}
    for mention in mentions:
        if is_public_id(mention.person):
            classes.setdefault(escape(mention.name), []).append(f"u-{mention.person}")
    if not classes:
        return html
    names = "|".join(re.escape(name) for name in sorted(classes, key=len, reverse=True))
    meant = re.compile(rf"(?<![\w@.;])@({names})(?![^\W_])")

    def mark(found: re.Match[str]) -> str:
        return f'<span class="mention {" ".join(classes[found[1]])}">{found[0]}</span>'

    pieces = _TAG.split(html)  # text, and what is left as it is
    return Markup("".join(piece if at % 2 else meant.sub(mark, piece) for at, piece in enumerate(pieces)))  # noqa: S704 - of markup


def _big(text: str) -> Markup | None:
    """Show emoji large that stand alone."""
    if len(text) > 8 * BIG or text.isascii() or not emoji.purely_emoji(re.sub(r"\s", "", text)):
        return None
    return Markup('<span class="big">{}</span>').format(text) if emoji.emoji_count(text) <= BIG else None


def with_emoji(text: str) -> str:
    """Replace the shortcodes that there are."""
    return _SHORTCODE.sub(lambda found: emoji.emojize(found[0], language="alias"), text)


@cache
def _second_wall() -> nh3.Cleaner:
    """Make what lets nothing else through, should the parser or what is below ever be wrong."""
    return nh3.Cleaner(
        tags=set(TAGS),
        attributes=ATTRIBUTES,
        tag_attribute_values={
            "pre": {"tabindex": {"0"}}
        },  # what scrolls must be reached by keys: Safari's are not else
        url_schemes=set(SCHEMES),
        link_rel=REL,
        allowed_classes={"span": {*CLASSES, "big"}, "details": {"spoiler"}},
    )


# --- what is parsed ----------------------------------------------------------------------------------


@cache
def _parser() -> MarkdownIt:
    parser = MarkdownIt("zero", {"maxNesting": 20})
    parser.enable(["fence", "backticks"])
    parser.inline.ruler.at("text", _text)
    for block in (_prompt, _quote, _list):
        parser.block.ruler.before("paragraph", block.__name__, block, {"alt": ["paragraph"]})
    for inline in (_newline, _escaped, _maths, _spoiler, _link, _marks):
        parser.inline.ruler.before("backticks", inline.__name__, inline)
    parser.inline.ruler2.enable(["emphasis", "strikethrough"])
    parser.inline.add_terminator_char("|")
    return parser


def _line(state: StateBlock, number: int) -> str:
    return state.src[state.bMarks[number] : state.eMarks[number]]


def _prompt(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    """Take what somebody copied from a terminal as it is, up to the next empty line."""
    if not _PROMPT.match(_line(state, start)):
        return False
    if not silent:
        state.line = next((number for number in range(start, end) if state.isEmpty(number)), end)
        state.push("prompt", "", 0).content = state.getLines(start, state.line, 0, False)
    return True


def _quote(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    """Take lines that begin with "> ", the first with words, and no others: what comes right below is the answer."""
    depth, first = state.env.get("depth", 0), _line(state, start)
    if depth >= NESTED or not _QUOTE.match(first) or not first[1:].strip():
        return False
    if not silent:
        state.line = next((number for number in range(start, end) if not _QUOTE.match(_line(state, number))), end)
        state.push("quote_open", "blockquote", 1)
        state.env["depth"] = depth + 1
        lines = [_line(state, number)[2:] for number in range(start, state.line)]
        state.md.block.parse("\n".join(lines), state.md, state.env, state.tokens)
        state.env["depth"] = depth
        state.push("quote_close", "blockquote", -1)
    return True


def _list(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    """Take two items or more; one alone is a dash that somebody wrote."""
    items: list[tuple[re.Match[str], list[str]]] = []
    number = start
    while number < end and not state.isEmpty(number):
        line = _line(state, number)
        if item := _ITEM.match(line):
            items.append((item, [line[item.end() :]]))
        elif items and line.startswith("  "):
            items[-1][1].append(line.strip())
        else:
            break
        number += 1
        if silent and len(items) > 1:
            break
    if len(items) < 2:
        return False
    if not silent:
        _write_list(state, items)
        state.line = number
    return True


def _write_list(state: StateBlock, items: Sequence[tuple[re.Match[str], list[str]]]) -> None:
    open_: list[tuple[int, str]] = []  # indentation and tag of the lists that are open
    for item, lines in items:
        indent, tag = len(item[1]), "ul" if item[2] in "-*" else "ol"
        while open_ and (indent < open_[-1][0] or (indent < open_[-1][0] + 2 and tag != open_[-1][1])):
            _close(state, open_)
        if not open_ or (indent >= open_[-1][0] + 2 and len(open_) < NESTED):
            begun = state.push("list_open", tag, 1)
            if tag == "ol" and item[2][:-1] != "1":
                begun.attrSet("start", str(int(item[2][:-1])))
            open_.append((indent, tag))
        else:
            state.push("item_close", "li", -1)
        state.push("item_open", "li", 1)
        inline = state.push("inline", "", 0)
        inline.content, inline.children = "\n".join(lines), []
    while open_:
        _close(state, open_)


def _close(state: StateBlock, open_: list[tuple[int, str]]) -> None:
    state.push("item_close", "li", -1)
    state.push("list_close", open_.pop()[1], -1)


class _Bare(NamedTuple):
    """A link that somebody just wrote down: where it stands in the text, and where it leads."""

    begin: int
    end: int
    url: str


class _Seen(NamedTuple):
    """What holds for a whole text; links: in their order; literal: its backslashes are LaTeX's or Windows'."""

    text: str
    links: list[_Bare]
    literal: bool


def _seen(state: StateInline) -> _Seen:
    """Look at a text as a whole, once."""
    seen: _Seen | None = state.env.get("seen")
    if seen is None or seen.text is not state.src:
        literal = "\\" in state.src and _OTHER_ESCAPE.search(state.src) is not None
        seen = state.env["seen"] = _Seen(state.src, _bare_links(state), literal)
    return seen


def _text(state: StateInline, silent: bool) -> bool:
    """Take text up to the next mark or link, or the link that stands here."""
    links = _seen(state).links
    number = bisect_left(links, state.pos, key=lambda link: link.begin)
    link = links[number] if number < len(links) and not state.linkLevel else None
    if link is not None and link.begin == state.pos and link.end <= state.posMax:
        if not silent:
            state.push("link_open", "a", 1).attrs = {"href": link.url}
            state.push("text", "", 0).content = state.src[link.begin : link.end]
            state.push("link_close", "a", -1)
        state.pos = link.end
        return True
    mark = state.md.inline.terminator_re.search(state.src, state.pos)
    end = min(mark.start() if mark else state.posMax, state.posMax, link.begin if link else state.posMax)
    if end <= state.pos:
        return False
    if not silent:
        state.pending += state.src[state.pos : end]
    state.pos = end
    return True


def _bare_links(state: StateInline) -> list[_Bare]:
    """Find them all. Linkify-it tells where each ends; looking for them by itself it takes a second."""
    links = []
    for found in _BARE.finditer(state.src):
        written = found[0].rstrip("*_~|")
        schema = "" if written.lower().startswith(("http", "mailto:")) else "http://"
        link = _linkify().match_at_start(schema + written)
        if link is not None and _leads_somewhere(link.url):
            end = found.start() + len(link.raw) - len(schema)
            links.append(_Bare(found.start(), end, state.md.normalizeLink(link.url)))
    return links


def _leads_somewhere(url: str) -> bool:
    """Tell whether an address is one that a browser can follow."""
    if url.lower().startswith("mailto:"):
        return True
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname or "", parts.port
        if not host.rpartition(".")[2].isdigit():
            return bool(_HOST.fullmatch(host))
        ipaddress.IPv4Address(host)
    except ValueError:
        return False
    return True


@cache
def _linkify() -> LinkifyIt:
    return LinkifyIt()


def _newline(state: StateInline, silent: bool) -> bool:
    """Keep line ends, and the white space after them."""
    if state.src[state.pos] != "\n":
        return False
    if not silent:
        state.push("softbreak", "", 0)
    state.pos += 1
    return True


def _escaped(state: StateInline, silent: bool) -> bool:
    """Take a mark after a backslash for a character; without it, unless the text is LaTeX or of Windows."""
    if state.src[state.pos] != "\\" or state.src[state.pos + 1 : state.pos + 2] not in tuple("*_~`|"):
        return False
    if state.src.startswith(SHRUG, state.pos - 1):
        return False  # it is its arm
    if not silent:
        state.pending += state.src[state.pos + (0 if _seen(state).literal else 1) : state.pos + 2]
    state.pos += 2
    return True


def _maths(state: StateInline, silent: bool) -> bool:
    """Leave a formula between dollars as it is."""
    found = _MATHS.match(state.src, state.pos) if state.src[state.pos] == "$" else None
    if found is None or found.end() > state.posMax or not _FORMULA.search(found[0]):
        return False
    if not silent:
        state.pending += found[0]
    state.pos = found.end()
    return True


def _spoiler(state: StateInline, silent: bool) -> bool:
    """Hide what is between ||two bars||."""
    found = _SPOILER.match(state.src, state.pos) if state.src[state.pos] == "|" else None
    if found is None or found.end() > state.posMax:
        return False
    if not silent:
        state.push("spoiler_open", "details", 1)
        _within(state, *found.span(1))
        state.push("spoiler_close", "details", -1)
    state.pos = found.end()
    return True


def _link(state: StateInline, silent: bool) -> bool:
    """Link [a label](https://address)."""
    found = _LINK.match(state.src, state.pos) if state.src[state.pos] == "[" and not state.linkLevel else None
    if found is None or found.end() > state.posMax or not _leads_somewhere(found[2]):
        return False
    if not silent:
        state.push("link_open", "a", 1).attrs = {"href": state.md.normalizeLink(found[2])}
        state.linkLevel += 1
        _within(state, *found.span(1))
        state.linkLevel -= 1
        state.push("link_close", "a", -1)
    state.pos = found.end()
    return True


def _within(state: StateInline, begin: int, end: int) -> None:
    """Parse a part of the text."""
    most = state.posMax
    state.pos, state.posMax = begin, end
    state.md.inline.tokenize(state)
    state.posMax = most


def _marks(state: StateInline, silent: bool) -> bool:
    """Note *, **, _ and ~~ where they can open or close; markdown-it-py finds the pairs."""
    mark = state.src[state.pos]
    if silent or mark not in "*_~":
        return False
    end = state.pos
    while end < state.posMax and state.src[end] == mark:
        end += 1
    count = end - state.pos
    before = state.src[state.pos - 1] if state.pos else " "
    after = state.src[end] if end < state.posMax else " "
    opens = (before.isspace() or before in _OPENS) and not after.isspace() and after not in _NOT_FIRST
    closes = not before.isspace() and before not in _NOT_LAST and not after.isalnum()
    if count not in _COUNTS[mark]:
        opens = closes = False
    step = 2 if mark == "~" and count == 2 else 1
    for _ in range(0, count, step):
        state.push("text", "", 0).content = mark * step
        if opens or closes:
            length = 0 if mark == "~" else count
            state.delimiters.append(Delimiter(ord(mark), length, len(state.tokens) - 1, -1, opens, closes))
    state.pos = end
    return True


# --- and written -------------------------------------------------------------------------------------

_FIXED = {
    "strong_open": "<strong>",
    "strong_close": "</strong>",
    "em_open": "<em>",
    "em_close": "</em>",
    "s_open": "<s>",
    "s_close": "</s>",
    "link_close": "</a>",
    "spoiler_open": '<details class="spoiler"><summary>Spoiler</summary><span>',
    "spoiler_close": "</span></details>",
    "paragraph_open": "<div>",
    "paragraph_close": "</div>",
    "quote_open": "<blockquote>",
    "quote_close": "</blockquote>",
    "item_open": "<li>",
    "item_close": "</li>",
    "softbreak": "\n",
}


def _blocks(tokens: Sequence[Token]) -> str:
    if sum(len(token.content) for token in tokens if token.type == "fence") > LONGEST:
        for token in tokens:
            token.info = ""  # so much code keeps its one colour
    if len(tokens) == 3 and tokens[0].type == "paragraph_open":  # most have no other
        tokens = tokens[1:2]
    return "".join(map(_written, tokens))


def _written(token: Token) -> str:
    """Write one token; what is not known shows as its text."""
    if (fixed := _FIXED.get(token.type)) is not None:
        return fixed
    write = _MADE.get(token.type)
    return escape(token.content) if write is None else write(token)


def _list_begun(token: Token) -> str:
    start = token.attrGet("start")
    return f'<{token.tag} start="{start}">' if start else f"<{token.tag}>"


_MADE: dict[str, Callable[[Token], str]] = {
    "inline": lambda token: "".join(map(_written, token.children or ())),
    "text": lambda token: escape(with_emoji(token.content)),
    "link_open": lambda token: Markup('<a href="{}">').format(token.attrGet("href")),
    "code_inline": lambda token: Markup("<code>{}</code>").format(token.content),
    "fence": lambda token: Markup('<pre tabindex="0"><code>{}</code></pre>').format(
        highlight(token.content, token.info)
    ),
    "prompt": lambda token: Markup("<div>{}</div>").format(token.content),
    "list_open": _list_begun,
    "list_close": lambda token: f"</{token.tag}>",
}
