"""The word by which a form proves that it comes from a page that was made for its sender: in every form that posts.

Browsers say by Origin or Sec-Fetch-Site where a form comes from; it counts where one says neither. Pages get it as
they are given out, for what they are made of is the same for everybody. What a page fetches or is pushed afterwards
carries none: htmx sends the page's own as a header.
"""

from __future__ import annotations

import re

from quart_chat.pages.blanks import Form, blanks

FIELD = "token"
HEADER = "X-Form-Token"  # a header that no form of another site can set
BLANK = blanks((FIELD,))[FIELD]

_FORM = re.compile(r"""<form\b(?:[^"'>]|"[^"]*"|'[^']*')*>""")
_HIDDEN = f'<input type="hidden" name="{FIELD}" value="{BLANK}">'


def with_tokens(html: str) -> Form:
    """Put a blank for it into all forms of a page that post; nobody's text holds a bare "<"."""
    return Form(_FORM.sub(lambda found: found[0] + _HIDDEN if ' method="post"' in found[0] else found[0], html))
