"""Names: of rooms, as titles and in addresses, and of people. Generated ones are friendly on purpose."""

from __future__ import annotations

import random
from functools import cache, lru_cache
from typing import Any

from coolname import RandomGenerator
from slugify import slugify

from quart_chat.errors import BadName
from quart_chat.room.characters import has_surrogate, is_visible, one_line
from quart_chat.room.lookalikes import check_look

MAX_SLUG = 64  # characters of a-z, 0-9 and -
MAX_TITLE = 120  # code points
MAX_NAME = 40  # code points

# Kind words only: these name strangers in a class and in a family. Own lists, so that a new version of the
# library renames nobody.
_ADJECTIVES = """
able amber ample brave breezy bright calm candid cheerful clever cosy curious daring dapper eager early easy fair
fearless fluffy fond gentle glad golden graceful happy hardy helpful honest humble jolly jovial keen kind lively
loyal lucky mellow merry mighty modest neat nimble patient peaceful playful polite proud quick quiet radiant ready
rosy serene shiny silver sincere smart snowy spry starry steady sunny swift tender tidy trusty upbeat velvet vivid
warm wise witty zesty
""".split()
_ANIMALS = """
alpaca badger beaver bison bobcat butterfly camel caribou chamois cheetah chinchilla cicada condor coyote crane
cricket dolphin dormouse dove dragonfly duck eagle egret elk falcon fennec ferret finch firefly flamingo fox gazelle
gecko giraffe goldfinch goose hare hawk hedgehog heron hoopoe hummingbird ibex ibis jackdaw jaguar kestrel
kingfisher kiwi koala ladybird lark lemur leopard llama lynx magpie manatee marten meerkat mole moose narwhal
nightingale ocelot octopus okapi oriole otter owl panda pangolin parrot pelican penguin puffin quail quokka rabbit
raccoon raven robin salamander sandpiper seahorse seal sparrow squirrel starling stork swallow swan tapir tern
toucan turtle wallaby walrus weasel whale wombat woodpecker wren zebra
""".split()
_PLACES = """
arbour bay beach brook canyon cove creek dune fjord forest garden glade grove harbour hill island lagoon lake meadow
mesa moor oasis orchard peak pond prairie reef ridge river shore spring summit terrace trail valley village wharf
woods
""".split()

TITLE_TOO_LONG = "A room’s name has at most %(most)d characters; this one has %(count)d."
TITLE_UNSPEAKABLE = "A room’s name needs at least one letter or digit."
NAME_TOO_LONG = "A name has at most %(most)d characters; this one has %(count)d."


def slug_of(title: str) -> str:
    """Make a room's name in addresses of what somebody typed, in any script.

    title: any text; lone surrogates count as nothing.

    The answer is `[a-z0-9][a-z0-9-]{0,63}`, or "" where nothing is left; slug_of(slug_of(x)) == slug_of(x).
    """
    text = one_line("".join(c for c in title[: 16 * MAX_SLUG] if not has_surrogate(c)))
    return slugify(
        text,
        entities=False,
        decimal=False,
        hexadecimal=False,
        max_length=MAX_SLUG,
        backend="anyascii",
        algorithm="modern",
    )


def is_slug(text: str) -> bool:
    """Tell whether text is a room's one true name."""
    return 0 < len(text) <= MAX_SLUG and _is_own_slug(text)


@lru_cache(10_000)  # every page, form and socket of a room asks for it
def _is_own_slug(text: str) -> bool:
    return text == slug_of(text)


def clean_title(title: str) -> str:
    """Make a room's title of what its opener typed.

    Raises:
        BadName: it is empty, over MAX_TITLE code points, or nothing of it can stand in an address.
    """
    text = "" if has_surrogate(title) else one_line(title)
    if not text:
        raise BadName("Give the room a name.")
    if len(text) > MAX_TITLE:
        raise BadName(TITLE_TOO_LONG, most=MAX_TITLE, count=len(text))
    if not slug_of(text):
        raise BadName(TITLE_UNSPEAKABLE)
    return text


def clean_name(name: str) -> str:
    """Make a person's name of what they typed.

    Raises:
        BadName: nothing of it shows, or it is over MAX_NAME code points.
    """
    text = "" if has_surrogate(name) else one_line(name)
    if not is_visible(text):
        raise BadName("A name needs at least one letter, digit or sign.")
    if len(text) > MAX_NAME:
        raise BadName(NAME_TOO_LONG, most=MAX_NAME, count=len(text))
    return text


def chosen_name(name: str) -> str:
    """Make a person's name of what they choose to be called from now on.

    Raises:
        BadName: as `clean_name`, or it is made to look like another (`check_look`).
    """
    text = clean_name(name)
    check_look(text)
    return text


def surprise_title(rand: random.Random | None = None) -> str:
    """Make a readable title for a room that has none yet, such as `Sunny Otter Harbour`.

    rand: the source of chance; None takes the system's.
    """
    return _title(_generator("room"), rand or random.SystemRandom())


def newcomer_name(seed: str) -> str:
    """Name somebody who has not said their name; the same seed gives the same name."""
    return _title(_generator("person"), random.Random(seed))  # noqa: S311 - a name is no secret


def _title(generator: RandomGenerator, rand: random.Random) -> str:
    generator.random = rand
    return " ".join(word.capitalize() for word in generator.generate())


@cache
def _generator(kind: str) -> RandomGenerator:
    words: dict[str, Any] = {
        "adjective": {"type": "words", "words": _ADJECTIVES},
        "animal": {"type": "words", "words": _ANIMALS},
        "place": {"type": "words", "words": _PLACES},
    }
    lists = ["adjective", "animal", "place"] if kind == "room" else ["adjective", "animal"]
    return RandomGenerator({"all": {"type": "cartesian", "lists": lists}, **{name: words[name] for name in lists}})
