"""Whatever people write, nothing but the tags on the list comes of it, and nobody's prose is mangled."""

from __future__ import annotations

import re
import time
from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from quart_chat.room import markup
from quart_chat.room.characters import without_controls
from quart_chat.room.code import CLASSES, LANGUAGES, LONGEST, highlight
from quart_chat.room.markup import BIG, MEANT, REL, TAGS, to_html
from tests.pages.trees import Tree

PARTS = r"""
    * ** *** _ __ ~~ || | ` ``` > [ ] ( ) \ $ $$ : / . - 1. 2) + # ! & " ' < = { }
    a b x1 é 🎉 :tada: :no: https:// http://a.b/c?d=1&e=<f> www. example.com a@b.com javascript:alert(1) mailto:a@b.c
    [x](https://y.z) [x](javascript:y) ![x](https://y.z/i.png) <script> </div> <!-- --> &lt; onload= hx-get=/x
    <hx-partial hx-target='#log'> data-hx-get id="log" {{x}} {%x%} ||s|| $x_1$ python diff <details>
    $ >>> user@host:~$
""".split()
ANY = st.text(alphabet=st.characters(exclude_categories=["Cs"]))
BETWEEN = [" ", " ", "\n", "\n", "\n\n", "  ", "\n> ", "\n- ", "\n```py\n"]
MARKED = st.lists(st.sampled_from(PARTS) | st.sampled_from(BETWEEN)).map("".join)
MAY = {"a": {"href", "rel"}, "ol": {"start"}, "span": {"class"}, "details": {"class"}, "pre": {"tabindex"}}
UNHURRIED = settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])  # what is made once
LINE = re.compile(r"https?://|mailto:", re.IGNORECASE)
NO_TAG = re.compile(rf"<(?!/?(?:{'|'.join(TAGS)})[ >])")


def check(html: str) -> Tree:
    """See that there is nothing in it but what may be."""
    tree = Tree(html)
    for one in tree.seen:
        if isinstance(one, str):
            continue
        tag = one[0]
        assert tag in TAGS, tag
        if len(one) == 1:
            continue
        attributes = one[1]
        assert attributes.keys() <= MAY.get(tag, set())
        if tag == "a":
            assert LINE.match(attributes["href"])
            assert attributes.get("rel", REL) == REL
        assert set(attributes.get("class", "big").split()) <= {*CLASSES, "big", "spoiler"}
        assert attributes.get("start", "1").isdigit()
        assert attributes.get("tabindex", "0") == "0"
    assert not NO_TAG.search(html), "htmx reads what looks like a tag, also within an attribute"
    return tree


@pytest.fixture(autouse=True)
def nothing_breaks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let what breaks the renderer break the test."""
    monkeypatch.setattr(markup, "logger", Strict())


class Strict:
    def exception(self, event: str) -> None:
        raise AssertionError(event)


@given(ANY | MARKED)
@UNHURRIED
@example("```" + "\n" * 50)
@example("[a](https://b.c/<hx-partial hx-target=x>)")
@example("https://a.b/<script>alert(1)</script>")
@example("HTTP://=")
@example("> depth\n*a*")
def test_nothing_comes_of_a_text_but_what_is_on_the_list(text: str) -> None:
    check(to_html(text))


@UNHURRIED
@given(ANY | MARKED)
@example("a:b:c 10:30:15 ~x~ a_b $x_1$ [x] |x| 1:1:")
@example(">")
@example("a\n>\n>")
def test_a_text_in_which_nothing_is_meant_has_nothing_to_be_parsed_for(text: str) -> None:
    text = without_controls(text)  # as all is that is kept
    if markup._MEANT.search(text) or markup._big(text):
        return
    parsed = check(markup._blocks(markup._parser().parse(text)))
    assert {tag for tag, *_ in (one for one in parsed.seen if isinstance(one, tuple))} <= {"div"}
    assert "".join(parsed.text.split()) == "".join(text.split())


@given(ANY | MARKED)
def test_a_text_without_a_mark_means_nothing(text: str) -> None:
    assert markup._MARK.search(text) or not markup._MEANT.search(text)


@UNHURRIED
@given(ANY | MARKED)
def test_the_second_wall_has_nothing_to_do(text: str) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(markup, "_second_wall", Open)
        first = check(to_html(text)).seen
    second = check(to_html(text)).seen
    for one in second:
        if isinstance(one, tuple) and len(one) == 2:
            one[1].pop("rel", None)
    assert first == second


class Open:
    """A wall that lets everything through."""

    def clean(self, html: str) -> str:
        return html


@UNHURRIED
@given(ANY)
def test_what_nobody_marked_up_comes_through_as_it_was(text: str) -> None:
    plain = re.sub(r"[*_~`|\[$:>.\\\r\0-]|\n\s*(?=\n)|^[0-9]", "", text, flags=re.MULTILINE)
    html = to_html(plain)
    tree = Tree(html)
    assert tree.text == plain
    assert [one[0] for one in tree.seen if isinstance(one, tuple) and len(one) == 2] in ([], ["span"])


PLAIN = [
    "2*3*4 = 24 and a * b * c, 2**3**4",
    "f(*args, **kwargs), *a, *b = c",
    "**/*.py *.md, rm *foo *.bar",
    "snake_case_names and __init__ and x_1 + y_1",
    "a || b || c && d | e",
    "~/bin ~ 5 ~~ 6, x~~y~~z",
    "C:\\Users\\_me_too\\x \\(x^2\\) \\[y\\]",
    "10:30:45, a:100:b, :), :-D, >:( and >_<",
    "5 > 4 < 3 -> x",
    "$x_1^2 + y_1^2$ and $$\\sum_{i=1}^n *a*$$",
    "- alone",
    "2026. was a year",
    "main.py, README.md, node.js, v1.2.3, e.g. this. done.it works, ok.eu vou, sim.de nada",
    "me@example.com:~ @ you",
    "[x] [ ] [a](b) [click](javascript:alert(1)) ![i](x)",
    "_ * ~ ` | [ ( $ \\ :",
    "#hashtag # not a heading",
    "| a | b |",
    "---",
    "===",
    "+ a\n+ b",
    "one\n  two\n\n\nfive",
    "it's 5*6 or 7*8",
]


@pytest.mark.parametrize("text", PLAIN)
def test_what_is_not_clearly_marked_up_stays_as_it_is(text: str) -> None:
    tree = check(to_html(text))
    assert tree.text == text
    assert not [one for one in tree.seen if isinstance(one, tuple)]


TERMINAL = ["$ rm *a* *b*\nremoved `*a*`", ">>> x = *a*, *b*\n>>> y", "ana@pi:~/x$ ls *a* *b*", "PS C:\\> dir *a* *b*"]


@pytest.mark.parametrize("text", TERMINAL)
def test_what_somebody_copied_from_a_terminal_stays_as_it_is(text: str) -> None:
    assert check(to_html(text)).text == text
    before = check(to_html(f"look:\n{text}\n\nand *this*"))
    assert before.text == f"look:{text}and this"


def link(url: str, text: str) -> str:
    return f'<a href="{url}" rel="{REL}">{text}</a>'


MARKED_UP = {
    "*a* _b_ **c** ~~d~~ `e`": "<em>a</em> <em>b</em> <strong>c</strong> <s>d</s> <code>e</code>",
    "***a***, (*b*), “*c*”, *d*!": "<em><strong>a</strong></em>, (<em>b</em>), “<em>c</em>”, <em>d</em>!",
    "*um **dois** três*": "<em>um <strong>dois</strong> três</em>",
    r"\*a\* \`b\`": "*a* `b`",
    "a\n\n  b *c*\n    d": "<div>a</div><div>b <em>c</em>\n    d</div>",
    "> a\n> *b*\nc": "<blockquote><div>a\n<em>b</em></div></blockquote><div>c</div>",
    "> > a": "<blockquote><blockquote><div>a</div></blockquote></blockquote>",
    "- b\n- *c*\n  d\n  - e\nf": "<ul><li>b</li><li><em>c</em>\nd<ul><li>e</li></ul></li></ul><div>f</div>",
    "2. a\n3. b": '<ol start="2"><li>a</li><li>b</li></ol>',
    "```\n*a*\n  <b>\n```": '<pre tabindex="0"><code>*a*\n  &lt;b&gt;\n</code></pre>',
    "||a *b*|| c": '<details class="spoiler"><summary>Spoiler</summary><span>a <em>b</em></span></details> c',
    "see https://a.example/b_c_d?e=1&f#g.": f"see {link('https://a.example/b_c_d?e=1&amp;f#g', 'https://a.example/b_c_d?e=1&amp;f#g')}.",
    "(www.example.org/a_(b))": f"({link('http://www.example.org/a_(b)', 'www.example.org/a_(b)')})",
    "example.com, x": f"{link('http://example.com', 'example.com')}, x",
    "*https://a.example/*": f"<em>{link('https://a.example/', 'https://a.example/')}</em>",
    "[a *b*](https://c.example/d)": link("https://c.example/d", "a <em>b</em>"),
    "[a](mailto:b@c.example)": link("mailto:b@c.example", "a"),
    "`https://a.example` **": "<code>https://a.example</code> **",
    "yes :tada: :no_such_thing:": "yes 🎉 :no_such_thing:",
}


@pytest.mark.parametrize("text", MARKED_UP)
def test_what_is_marked_up_shows(text: str) -> None:
    check(to_html(text))
    assert to_html(text) == MARKED_UP[text]


def test_code_has_the_colours_of_its_language() -> None:
    html = to_html("```python\nreturn 1 # <b>\n```")
    assert '<span class="hl-k">return</span>' in html
    assert "&lt;b&gt;" in html
    assert check(html).text == "return 1 # <b>\n"


@pytest.mark.parametrize("name", sorted(LANGUAGES))
def test_every_language_has_its_colours(name: str) -> None:
    assert "hl-" in highlight('- if (x == "a") { return 12; } # <b>\n', name)


@UNHURRIED
@given(ANY, st.sampled_from(sorted(LANGUAGES)))
def test_code_comes_through_as_it_was(code: str, name: str) -> None:
    code = code.replace("\r", "").replace("\0", "") + "\n"  # as behind a fence
    assert check(f"<pre><code>{highlight(code, name)}</code></pre>").text == code


@pytest.mark.parametrize("code", ["x = 1\n" * (LONGEST // 6 + 1), "(" * 1000], ids=["too long", "too many"])
def test_much_code_keeps_one_colour(code: str) -> None:
    assert "hl-" not in to_html(f"```python\n{code}\n```")


def test_much_code_in_parts_keeps_one_colour() -> None:
    part = "```python\n" + "x = 1\n" * (LONGEST // 12) + "```\n"
    assert "hl-" in to_html(part)
    assert "hl-" not in to_html(part * 3)


@pytest.mark.parametrize("text", ["🎉", "👩‍👩‍👧 🇧🇷", ":tada:", "❤️", "🎉" * BIG])
def test_emoji_that_stand_alone_are_large(text: str) -> None:
    assert to_html(text).startswith('<span class="big">')


@pytest.mark.parametrize("text", ["🎉 yes", "1", "#", "", "é", "🎉" * (BIG + 1), ":no_such_thing:"])
def test_nothing_else_is_large(text: str) -> None:
    assert "big" not in to_html(text)


class Log:
    """What the renderer says."""

    def __init__(self) -> None:
        self.said: list[str] = []

    def exception(self, event: str) -> None:
        self.said.append(event)


def test_a_text_that_breaks_the_renderer_shows_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken() -> None:
        raise RuntimeError("a bug")

    log = Log()
    monkeypatch.setattr(markup, "_parser", broken)
    monkeypatch.setattr(markup, "logger", log)
    assert to_html("*a* <b>") == "*a* &lt;b&gt;"
    assert log.said == ["text.unrendered"]


def test_what_is_all_marks_is_no_prose() -> None:
    assert "<em>" in to_html("*a* " * (MEANT // 2))
    assert to_html("*a* " * (MEANT // 2 + 1)).count("<") == 0
    assert "<em>" in to_html("```\n" + "*a* " * MEANT + "\n```\n*b*")


HOSTILE = ["*", "_*", "~~*", "`", "[", "[a](", "](", "|", "||a ", "$a", "\\", "\\*", "://", "https://", "www.", "www.$"]
HOSTILE += ["a.com ", ":a:", "> ", "\n> ", "\n- ", "\n  - ", "\n1. ", "\n\n", "```\n", "*a ", "a*", "**a* ", "1. www."]
HOSTILE += ["\n\n*", "> www.", "🎉", "@", "<a ", "&", "http://1.", "http://[", "[a](https://b)"]


def is_quick(work: Callable[[], object]) -> bool:
    """Tell whether something takes less than 0.2 s of CPU; the collector may come between four times."""

    def once() -> float:
        began = time.process_time()
        work()
        return time.process_time() - began

    return any(once() < 0.2 for _ in range(5))


@pytest.mark.parametrize("unit", HOSTILE)
def test_hostile_texts_take_no_time(unit: str) -> None:
    """Twenty milliseconds at most; here ten times that, for who knows what machine this is."""
    text = (unit * 4000)[:4000]
    check(to_html(text))
    assert is_quick(lambda: to_html(text))


@pytest.mark.parametrize("name", sorted(set(LANGUAGES.values())))
def test_hostile_code_takes_no_time(name: str) -> None:
    for unit in ("\n", "a ", "_", "'", '"', "/", "//", "/*", "<", "{", "${", "(", "\\", "#", "@", "::", "a.", "0"):
        code = (unit * LONGEST)[: LONGEST - 1]
        assert is_quick(lambda code=code: highlight(code, name)), unit  # type: ignore[misc]
