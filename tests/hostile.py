"""What people may write who want it to be more than text. Where it became markup, MARK would stand in its elements.

Every test of injection takes these: fragments and pages, routes and forms, and a browser.
"""

from __future__ import annotations

import re

from tests.pages.trees import Tree

MARK = "pwned"  # in the name or the value of what each would make

ELEMENTS = (
    f"</li></ol><script id={MARK}>alert('{MARK}')</script>",
    f"<img src=/{MARK} onerror=alert('{MARK}')>",
    f"<svg onload=alert('{MARK}')><title id={MARK}></svg>",
    f"<svg><![CDATA[</svg><b id={MARK}>]]>",
    f"<math><mtext><mglyph><style><!--</style><img title='--><img src=/{MARK} onerror=alert(1)>'>",
    f"</textarea></title></style></noscript></template><b id={MARK}>",
    f"<b id=since class={MARK}>",
    f"<!-- {MARK} --!><b id={MARK}>",
    f"<![CDATA[{MARK}",
    f"<?xml {MARK}?>",
    f"<base href=//{MARK}.example><meta http-equiv=refresh content=0;url=//{MARK}.example>",
    f"<iframe srcdoc='<script>alert(\"{MARK}\")</script>'>",
    f"<form action=//{MARK}.example><button formaction=javascript:alert('{MARK}')>",
    f"<a href=javascript:alert('{MARK}')>x</a>",
    f"<style>@import '//{MARK}.example'</style>",
    f"<\0script id={MARK}>alert('{MARK}')</script>",
    f"\x00\x01<b id={MARK}>\x7f",
    f"<{MARK}",
)
ATTRIBUTES = (
    f'"><input name=since id={MARK} hx-get="/{MARK}">',
    f"' onclick='alert(\"{MARK}\")",
    f'" autofocus onfocus=alert("{MARK}") {MARK}="',
    f'x" style="background:url(//{MARK}.example)',
    f"` onload=`alert('{MARK}')",
    f"/ {MARK}=1 id={MARK} ",
)
HTMX = (
    f"</textarea><hx-partial hx-target='#log' hx-swap='outerHTML'>{MARK}</hx-partial>",
    f"<hx-partial hx-target=body>{MARK}",
    f'<template hx type="partial" hx-target="#log">{MARK}</template>',
    f'<li id="since" hx-swap-oob="true">{MARK}</li>',
    f'" hx-swap-oob="innerHTML:#{MARK}" x="',
    f'" title="<hx-{MARK} hx-target=#log>',  # htmx rewrites that in the raw text, attributes and all
    f'" data-hx-get="/{MARK}" data-hx-trigger="load',
    f"' hx-ws:send hx-trigger='load' hx-vals='{{\"act\":\"{MARK}\"}}",
    f"\" hx-on:click=\"alert('{MARK}')\" hx-on::load=\"alert('{MARK}')",
    f'" hx-nonce="{MARK}" hx-vals="js:{{x: alert(\'{MARK}\')}}',
    f'<title>{MARK}</title><link id="icon" href="/{MARK}">',
    f'{{"target": "#log", "swap": "innerHTML", "html": "{MARK}", "payload": "<b id={MARK}>"}}',
    f'{{"channel": "ui", "target": "body", "format": "html", "{MARK}": 1}}',
)
TEMPLATES = (
    f"{{{{ '{MARK}'.upper() }}}}{{% raw %}}{{# {MARK} #}}",
    f"${{alert('{MARK}')}} #{{7*7}} <%= '{MARK}' %>",
    f"%(name)s %s %({MARK})s % %%",
    f"&lt;b id={MARK}&gt; &#60;i&#62; &amp;amp; &NotALetter; &#x3c;{MARK}&#x3e;",
    f"\\u003cscript\\u003e{MARK} \\x3cb\\x3e",
    f"\u202egnp.{MARK}\u2066\u2028\u2029\ufeff",
    f"＜script＞{MARK}＜/script＞",
    f"`=/\t& {MARK}",
)
LINES = (
    f"\r\nSet-Cookie: {MARK}=1\r\n\r\n<b id={MARK}>",
    f"\nX-{MARK}: 1",
    f"\x1b[2J\x1b]0;{MARK}\x07\x9b31m",
    f'", "event": "{MARK}", "level": "critical',
)
ELSEWHERE = (
    f"//{MARK}.example/",
    f"https://{MARK}.example/",
    f"/\\{MARK}.example",
    f"\\\\{MARK}.example",
    f"javascript:alert('{MARK}')",
    f"..//..//{MARK}.example",
    f"@{MARK}.example",
)

HOSTILE = (*ELEMENTS, *ATTRIBUTES, *HTMX, *TEMPLATES, *LINES, *ELSEWHERE)

TEXTS = ("value", "title", "data-face", "placeholder", "aria-label", "alt")  # attributes that hold what people write
ADDRESSES_OF_OURS = ("href", "srcset", "hx-get")  # and those that hold it as a part of an address
_MAIL = r"mailto:\?body=https?%3A%2F%2F(h|127\.0\.0\.1%3A[0-9]+)%2Fr%2F[a-z0-9-]+$"  # that carries a room's address
LEADS = re.compile(rf"(/(?![/\\])|#|$|https?://h/|{_MAIL})")  # where our own links lead


def taken_for_markup(tree: Tree) -> list[str]:
    """Find what came of hostile texts besides texts."""
    found = [element.tag for element in tree.elements if MARK in element.tag]
    for element in tree.elements:
        for name, value in element.attributes.items():
            if MARK in name or (MARK in (value or "") and name not in (*TEXTS, *ADDRESSES_OF_OURS)):
                found.append(f"{element.tag} {name}={value}")
            if name.startswith("on") or "hx-on" in name or name == "style":
                found.append(f"{element.tag} {name}={value}")
            marked_up = name == "href" and element.attributes.get("rel") == "noopener noreferrer nofollow ugc"
            if (
                name in ("href", "src", "action", "formaction", "srcset")
                and not marked_up
                and not LEADS.match(value or "")
            ):
                found.append(f"{element.tag} {name}={value}")
    return found
