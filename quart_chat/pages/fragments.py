"""What people see: one function a fragment. A fragment is the same for everybody of its audience."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Sequence
from functools import cache, lru_cache
from typing import Literal

from markupsafe import Markup, escape

from quart_chat.errors import Refused, TooFast
from quart_chat.pages import ids, languages, rows, templates, tokens, zones
from quart_chat.pages.aloud import aloud
from quart_chat.pages.countdown import countdown
from quart_chat.pages.dress import PLAIN, Dress
from quart_chat.pages.languages import Audience
from quart_chat.pages.templates import fragment
from quart_chat.room.aloud import lines as sum_up
from quart_chat.room.digest import Digest, quote_of
from quart_chat.room.entries import Change, Header, Message, Quote
from quart_chat.room.markup import to_html, to_plain
from quart_chat.room.people import Person
from quart_chat.room.proofs import bare
from quart_chat.room.reading import MOST, News
from quart_chat.room.rights import Right

AFTERNOON = (14 * 60 + 5) * 60_000  # ms: a time of day that looks different on every clock
BLOCK = 100  # composers that a page fetches at once: messages that can be written while offline

State = Literal["waiting", "live", "away", "store", "ended"]


def reason(language: str, refused: Refused) -> str:
    """Say why something was refused."""
    return languages.say(language, refused.message, refused.values)


def refusal(language: str, refused: Refused) -> Markup:
    """Say why something was refused and, if a limit was reached, count down to when it is taken."""
    why = escape(reason(language, refused))
    left = countdown(refused.retry_after, language) if isinstance(refused, TooFast) else Markup()
    return Markup("{} {}").format(why, left) if left else why


# --- the log ---------------------------------------------------------------------------------------


def messages(shown: Iterable[Message], room: str, audience: Audience, *, old: bool = False) -> Markup:
    """Render messages as rows of the list; old: they were fetched by scrolling, and hold back trims."""
    return rows.render(shown, rows.View(room, audience, "old" if old else "live"))


def older(room: str, before: str | None, language: str) -> Markup:
    """Render the list's first row, which fetches what came before; before: None where nothing did."""
    return fragment(language, "_log.html", "older", room, before)


def newer(room: str, after: str | None, language: str) -> Markup:
    """Render the list's last row where a page ends before now: it fetches what comes next; after: None at the end."""
    return fragment(language, "_log.html", "newer", room, after)


def since(place: str) -> Markup:
    """Render the page's place, which each frame renews."""
    return Markup(  # noqa: S704 - escaped
        f'<input type="hidden" id="since" name="since" value="{escape(place)}" autocomplete="off" hx-swap-oob="true">'
    )


def appended(room: str, news: Digest, place: str, audience: Audience) -> Markup:
    """Render what entries change on a page: what joins the end of the list, what changes in it, and the header."""
    html = since(place)
    if news.messages:
        shown = messages(news.messages, room, audience)
        html = Markup(f'<hx-partial hx-target="#log" hx-swap="beforeend">{shown}</hx-partial>{html}')  # noqa: S704 - made of markup
    for change in news.changes:
        html += changed(room, change, audience)
    return html if news.header is None else html + header(room, news.header, audience)


def changed(room: str, change: Change, audience: Audience) -> Markup:
    """Render what became of a message: its parts alone, so that a menu or a form on it stays."""
    element, html = ids.message(change.of), Markup()
    anywhere = f":is(#{element}, .{ids.found(change.of)})"
    view = rows.View(room, audience)
    if change.text:
        text = change.changes.text or ""
        one = rows.Said(change.of, change.name, change.kind, text, change.changes.mentions)
        html += partial(f"{anywhere} > .text", "innerHTML", rows.said(one, change.changes, view))
        if change.changes.deleted:
            html += partial(f"{anywhere} > :is(.quote, .files)", "delete", Markup())
        excerpt = "" if change.changes.deleted else to_plain(text)
        html += partial(f".{ids.quote(change.of)}", "innerHTML", rows.quoted(excerpt, view))
    if change.reactions:
        shown = rows.reactions(change.of, change.changes, view)
        # who pressed one that goes would be thrown to the page's beginning
        stay = ", ".join(f"#{ids.reaction(change.of, one.emoji)}" for one in change.changes.reactions) or "i"
        html += partial(
            f"#{element}:has(> .reactions > :focus:not({stay})) > .more", "outerHTML", rows.more(change.of, view)
        )
        if shown:
            html += partial(f"#{element}:not(:has(> .reactions))", "beforeend", shown)
        html += partial(f"#{element} > .reactions", "outerMorph" if shown else "delete", shown)
    return html


def partial(target: str, swap: str, html: Markup) -> Markup:
    """Render what swaps something into wherever a selector finds."""
    return Markup('<hx-partial hx-target="{}" hx-swap="{}">{}</hx-partial>').format(target, swap, html)


def header(room: str, shown: Header, audience: Audience) -> Markup:
    """Render what stands above a room."""
    return fragment(audience.language, "_header.html", "header", room, shown)


def topic_form(room: str, text: str, language: str, error: str = "") -> Markup:
    """Render the form that sets a room's topic."""
    return fragment(language, "_header.html", "topic_form", room, text, error)


def topic_link(room: str, language: str) -> Markup:
    """Render what fetches that form."""
    return fragment(language, "_header.html", "topic_link", room)


# --- one message -----------------------------------------------------------------------------------


def menu(
    room: str,
    message: Message,
    may: frozenset[Right],
    language: str,
    *,
    pinned: bool,
    live: bool = True,
    keeps: bool = False,
) -> Markup:
    """Render what somebody may do with a message; pinned: it is; live: the page has a composer.

    keeps: they keep order in the room, and it is somebody else's.
    """
    return fragment(language, "_menu.html", "menu", room, quote_of(message), may, pinned, live, keeps)


def paragraph(text: str) -> Markup:
    """Render words, such as why there is no menu."""
    return Markup("<p>{}</p>").format(text)


def replying(nonce: str, text: str, room: str, quote: Quote, language: str) -> Markup:
    """Render a composer's field, its text in it, and above it what its message will answer; nonce: of the form."""
    earlier = partial(f"#{ids.say(nonce)} > .replying", "delete", Markup())
    answers = fragment(language, "_menu.html", "replying", nonce, text, room, quote)
    field = lines(nonce, text, language) if "\n" in text else line(nonce, text, language)
    return earlier + partial(f"#{ids.say(nonce)}", "afterbegin", answers) + field


def editing(room: str, entry_id: str, text: str, language: str, error: str = "") -> Markup:
    """Render the form that gives a message another text; error: why the last one was not taken."""
    return fragment(language, "_menu.html", "edit", room, entry_id, text, error)


def edit_in_place(room: str, entry_id: str, text: str, language: str) -> Markup:
    """Put that form into the message's row, unless it is there."""
    free = f"#{ids.message(entry_id)}:not(:has(> .edit))"
    return partial(free, "beforeend", editing(room, entry_id, text, language))


def no_longer_edited(room: str, entry_id: str, audience: Audience) -> Markup:
    """Take that form away; the focus goes to the button that opens the message's menu."""
    return partial(f"#{ids.editing(entry_id)}", "delete", Markup()) + partial(
        f"#{ids.message(entry_id)} > .more", "outerHTML", rows.more(entry_id, rows.View(room, audience))
    )


def versions(shown: Iterable[tuple[int, str]], audience: Audience) -> list[tuple[str, str, Markup]]:
    """Render the texts that a message had, each as (when, the same for machines, what it said).

    shown: (ms since the epoch, text), oldest first.
    """
    return [(languages.moment(at, audience), languages.iso(at), to_html(text)) for at, text in shown]


def replayed(room: str, news: Digest, place: str, audience: Audience) -> Markup:
    """Render what a tab missed. Each row is deleted by id first, so that one shown already shows once."""
    said = sum_up(news.messages)
    gone = Markup("").join(
        Markup('<li id="{}" hx-swap-oob="delete"></li>').format(ids.message(message.id)) for message in news.messages
    )
    return gone + appended(room, news, place, audience) + (aloud(said, audience.language) if said else Markup())


def trimmed(room: str, first: str, language: str) -> Markup:
    """Take off the list what comes before a message, unless history is open above; first: that message's id."""
    kept = f"#{ids.message(first)}"
    live = f"#{ids.LOG}:not(:has(.old, > :focus-within ~ {kept}))"  # nobody's focus is thrown to the page's beginning
    return Markup(
        '<hx-partial hx-target="{live}:has(> .message ~ {kept}) > #{older}" hx-swap="outerHTML">{row}</hx-partial>'
        '<hx-partial hx-target="{live} > :is(.message, .new):has(~ {kept})" hx-swap="delete"></hx-partial>'
    ).format(live=live, kept=kept, older=ids.OLDER, row=older(room, first, language))


def newest(room: str, shown: Sequence[Message], place: str, above: Header, audience: Audience, *, more: bool) -> Markup:
    """Render the newest page, which replaces the whole list."""
    before = shown[0].id if more and shown else None
    html = Markup('<hx-partial hx-target="#log" hx-swap="innerHTML">{}{}</hx-partial>{}').format(
        older(room, before, audience.language), messages(shown, room, audience), since(place)
    )
    return html + header(room, above, audience)


# --- states ----------------------------------------------------------------------------------------


def connection(state: State, language: str, worker: str = "", why: str = "") -> Markup:
    """Render the connection's state; why: the reason of "ended"."""
    return fragment(language, "_states.html", "connection", state, worker, why)


def sent_away(why: str, language: str) -> Markup:
    """Tell a tab that it is sent away for good; nothing may overwrite that."""
    watch = Markup('<i id="{}" hx-swap-oob="delete"></i>').format(ids.WATCH)
    return watch + connection("ended", language, why=why)


def notice(text: str, language: str) -> Markup:
    """Say something to one tab; it fades by itself."""
    return fragment(language, "_states.html", "notice", text)


def ruled(room: str, language: str) -> Markup:
    """Tell that a room has other rules, with a link to them."""
    return fragment(language, "_states.html", "ruled", room)


def reported(room: str, entry_id: str, language: str) -> Markup:
    """Tell those who keep order that a message was reported, with a link to it."""
    return fragment(language, "_states.html", "reported", room, entry_id)


def commands_text(language: str) -> str:
    """Tell what commands there are."""
    return languages.say(
        language,
        "Commands: /me waves, /shrug, /roll 2d6, /nick New Name, /topic Words, /help. "
        "A message that begins with // begins with one slash.",
    )


def done(language: str, *, tells: bool) -> str:
    """Tell what came of a command that says nothing in the room; tells: it asked what commands there are."""
    return commands_text(language) if tells else languages.say(language, "Done.")


def commands(language: str) -> Markup:
    """Tell one tab what commands there are."""
    return notice(commands_text(language), language)


def named_otherwise(name: str, shown: str, language: str) -> Markup:
    """Tell one tab that somebody else in the room has its person's name, or one that looks like it."""
    text = languages.say(
        language,
        "Somebody here is called %(name)s already, or looks so. Here you are %(shown)s until you choose another name.",
        {"name": bare(name), "shown": bare(shown)},
    )
    return notice(text, language)


def lost(language: str) -> str:
    """Tell a room that the store has forgotten messages that were shown."""
    return languages.say(
        language, "The server lost the last messages that were shown here. Please write again what is missing."
    )


def people(here: Sequence[tuple[str, str]], count: int, language: str) -> Markup:
    """Render who is here; here: (public id, name), maybe not all of `count`."""
    return fragment(language, "_states.html", "people", here, count)


def crowd(named: int, count: int, language: str) -> Markup:
    """Render how many are here, where the `named` ones are still the same and there are more."""
    return fragment(language, "_states.html", "crowd", named, count)


def typing(typists: Sequence[tuple[str, str]], language: str) -> Markup:
    """Render who is typing, (public id, name) each; everybody's own row is hidden by their stylesheet."""
    return fragment(language, "_states.html", "typing", typists)


# --- reading ---------------------------------------------------------------------------------------


@cache
def looks(*, looking: bool) -> Markup:
    """Let the page remember whether somebody looks at it, for when it connects again."""
    return fragment(languages.DEFAULT, "_reading.html", "looking", looking)


@cache
def probe() -> Markup:
    """Let the page find out whether it is shown."""
    return fragment(languages.DEFAULT, "_reading.html", "probe", True)


def unread(title: str, news: News, language: str, dress: Dress = PLAIN) -> Markup:
    """Show in the page's title and icon what is new, and the line above the first of it, where that is known."""
    html = fragment(language, "_reading.html", "unread", title, news, counted(news.new), counted(news.meant), dress)
    if not news.first:
        return html
    line = Markup('<li id="{}" hx-swap-oob="delete"></li>').format(ids.NEW)
    return html + line + partial(f"#{ids.message(news.first)}", "beforebegin", new_line(language))


def new_line(language: str, link: str = "") -> Markup:
    """Render the line above what is new; link: to where it begins, where that is on another page."""
    return fragment(language, "_reading.html", "line", link)


def counted(number: int) -> str:
    """Write a number that is counted as far as MOST."""
    return str(number) if number < MOST else f"{MOST - 1}+"


@cache
def icon(count: int, meant: int) -> str:
    """Draw the page's icon with the number of what is new; count, meant: at most MOST."""
    return templates.page("icon.svg", languages.DEFAULT, number=counted(meant or count), meant=meant)


def called(room: str, message: Message, language: str) -> Markup:
    """Let somebody hear and see that a message means them."""
    return sound() + fragment(language, "_reading.html", "called", room, quote_of(message))


@cache
def sound() -> Markup:
    """Let a tab be heard; a browser that forbids it stays silent."""
    return fragment(languages.DEFAULT, "_reading.html", "sound")


@lru_cache(1000)  # robots try any number of rooms' names
def sound_switch(language: str, room: str, *, on: bool) -> Markup:
    """Render the switch that lets mentions be heard; on: it is on."""
    return fragment(language, "_reading.html", "switch", room, on)


def sound_switched(language: str, room: str, *, on: bool) -> Markup:
    """Render that switch for a page that has just turned it: its socket is told, and what was switched on is heard."""
    switch = fragment(language, "_reading.html", "switch", room, on, True)
    return switch + sound() if on else switch


# --- the composer ----------------------------------------------------------------------------------


def new_page_key() -> str:
    """Make what the keys of one page's messages begin with."""
    return secrets.token_hex(8)


def composer(key: str, number: int, language: str) -> Markup:
    """Render the form for a page's message of that number."""
    return fragment(language, "_composer.html", "composer", key, number, BLOCK)


@cache
def _block_template(language: str, block: int) -> str:
    first = block * BLOCK
    return "".join(composer("\0", number, language) for number in range(first, first + BLOCK))


def composers(key: str, block: int, language: str) -> str:
    """Render a block of forms: a pure function of its arguments, so that pages can cache it for good."""
    if block > 9:  # a page that lives that long pays for the rendering; the cache stays bounded
        return "".join(composer(key, number, language) for number in range(block * BLOCK, (block + 1) * BLOCK))
    return _block_template(language, block).replace("\0", key)


def lines(nonce: str, text: str, language: str) -> Markup:
    """Render a form's field with room for several lines."""
    return fragment(language, "_composer.html", "lines", nonce, text)


def line(nonce: str, text: str, language: str) -> Markup:
    """Render a form's field of one line."""
    return fragment(language, "_composer.html", "line", nonce, text)


def acknowledged(nonce: str) -> Markup:
    """Take a form away: its message is in the room."""
    form, turn = escape(ids.say(nonce)), escape(ids.turn(nonce))
    return Markup(  # noqa: S704 - escaped
        f'<form id="{form}" hx-swap-oob="delete"></form><div id="{turn}" hx-swap-oob="delete"></div>'
    )


def fresh_composer(spent: str, language: str) -> Markup:
    """Give a page a new form, unless it has one in use; spent: the nonce of the last one that it had."""
    return Markup(
        '<hx-partial hx-target="#{composer}:has(> #{turn}:last-child), '
        '#{composer}:not(:has(> .turn:last-child > .say:not(.refused)))" hx-swap="beforeend">{form}</hx-partial>'
    ).format(composer=ids.COMPOSER, turn=ids.turn(spent), form=composer(new_page_key(), 0, language))


def refused(
    nonce: str,
    text: str,
    why: str,
    language: str,
    *,
    again: float = 0.0,
    counts: bool = False,
    spent: bool = False,
    reply: str | None = None,
) -> Markup:
    """Give a form back with its text and the reason.

    nonce: of the form that was sent. spent: it cannot be used again; the form gets a new one. reply: what it answers.
    again: seconds after which it is sent again by itself; 0.0: when the person says so. counts: it counts down to that.
    """
    left = countdown(again, language) if counts else Markup()
    key = f"{new_page_key()}-0" if spent else nonce
    form = fragment(language, "_composer.html", "refused", key, text, why, round(again * 1000), left, not spent, reply)
    if not spent:
        return form
    return Markup(
        '<hx-partial hx-target="#{}" hx-swap="outerHTML"><div class="turn" id="{}">{}</div></hx-partial>'
    ).format(ids.turn(nonce), ids.turn(key), form)


def write_page(room: str, language: str, *, typed: str = "", error: str = "", told: str = "") -> str:
    """Render the form of a page without scripts as a page of its own.

    typed: what stays in it beside an error; told: what came of what was sent last.
    """
    values = {"token": tokens.BLANK, "key": new_page_key(), "room": room, "typed": typed, "error": error, "told": told}
    return templates.page("write.html", language, **values)


# --- files -----------------------------------------------------------------------------------------


def attach(room: str, nonce: str, megabytes: int, language: str, *, sent: bool = False) -> Markup:
    """Render what sends files; megabytes: that one may have; sent: some just were, and the button takes the focus."""
    return fragment(language, "_attach.html", "attach", room, nonce, megabytes, sent)


def sent(room: str, megabytes: int, language: str) -> Markup:
    """Close the sheet after files were sent, with a new form in it; what they answered is answered."""
    answered = partial(f"#{ids.COMPOSER} > .turn:last-child .replying", "delete", Markup())
    return answered + attach(room, f"{new_page_key()}-f", megabytes, language, sent=True)


def attach_form(room: str, megabytes: int, language: str, *, typed: str = "", error: str = "") -> Markup:
    """Render the form alone, for a page of its own; typed: what stays in its field beside an error."""
    return fragment(language, "_attach.html", "form", room, f"{new_page_key()}-f", megabytes, typed, error)


def not_sent(why: str, language: str, *, swaps: bool = True) -> Markup:
    """Say in the sheet why files were not taken; swaps: by itself, whatever the answer's target is."""
    return fragment(language, "_attach.html", "why", why, swaps)


# --- people ----------------------------------------------------------------------------------------


def profile(person: Person, language: str, room: str | None, error: str = "", typed: str | None = None) -> Markup:
    """Render the own name and the form that changes it; typed: what stays in the field beside an error."""
    return fragment(language, "_profile.html", "profile", person, room, error, typed)


def me(person: Person, language: str) -> Markup:
    """Render the own name for a tab in which it was not changed."""
    return fragment(language, "_profile.html", "me", person)


def me_page(person: Person, language: str, room: str, kept: str, **other: Markup | None) -> str:
    """Render the page of who somebody is here, its token a blank.

    room: where it leads back to, "" for none. kept: the name that they keep by a phrase, "" for none.
    other: parts of it that are not as they are at first, by their name: what `elsewhere`, `proof` or
        `programs.programs` gave.
    """
    parts = {"elsewhere": elsewhere(room, language), "proof": proof(person, kept, language, room)}
    parts["programs"] = Markup()
    parts |= {name: part for name, part in other.items() if part is not None}
    values = {"token": tokens.BLANK, "gate": templates.new_gate(), "person": person, "room": room}
    return templates.page("me.html", language, **values, **parts)


def proof(person: Person, kept: str, language: str, room: str, *, error: str = "", tried: str = "") -> Markup:
    """Render the part that keeps a name; kept: the one that is, "" for none; tried: what was typed beside an error."""
    return fragment(language, "_me.html", "proof", person, kept, room, error, tried)


def forgotten(language: str, *, wrote: bool) -> str:
    """Render the page that says that somebody is forgotten; wrote: what they wrote is being deleted too."""
    return templates.page("forgotten.html", language, wrote=wrote)


def profile_again(person: Person, language: str, room: str) -> Markup:
    """Render the own name and its form for a page on which something else changed it."""
    return partial(f"#{ids.PROFILE}", "outerHTML", profile(person, language, room or None))


def elsewhere(room: str, language: str, link: str = "", code: Markup | None = None) -> Markup:
    """Render the part that carries an identity elsewhere; link, code: what does so, once it was made."""
    return fragment(language, "_me.html", "elsewhere", room, link, code)


def carry(token: str, becomes: Person, now: Person | None, language: str, room: str, *, same: bool) -> str:
    """Render the page that such a link opens; becomes, now: who the browser would be, and who it is, None for nobody;
    same: it is."""
    values = {"token": token, "becomes": becomes, "now": now, "room": room, "same": same}
    return templates.page("carry.html", language, **values)


def times_form(audience: Audience, room: str | None) -> Markup:
    """Render the form that chooses how times are shown; room: where it leads back to."""
    clocks = [(hours, languages.clock(AFTERNOON, Audience(audience.language, "UTC", hours))) for hours in ("24", "12")]
    choices = zones.choices_beside(audience.zone)
    return fragment(audience.language, "_times.html", "form", audience, room, choices, clocks)


def link_to_own_marks(public: str) -> Markup:
    """Render what loads the stylesheet that marks what is a person's own."""
    return fragment(languages.DEFAULT, "_own.html", "marks", public)


def own_marks(public: str) -> str:
    """Write the stylesheet that marks what is a person's own."""
    classes = {"person": ids.person(public), "reacted": ids.reacted(public), "mention": ids.mention(public)}
    return templates.page("own.css", languages.DEFAULT, **classes)
