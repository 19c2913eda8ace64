"""Faces of people: a small picture drawn from a public id alone, so that browsers may keep it for good.

Four tiles of quarter circles and the like, after Sébastien Truchet, in the person's own colour and one beside it. It
says nothing that the id does not say, and nothing in it is anybody's text. Another drawing needs another address.
"""

from __future__ import annotations

from functools import lru_cache

from quart_chat.room.people import hue_of

HUES = (20, 250, 130, 310, 75, 190, 350, 275, 50, 160, 225, 105)
"""Degrees of the colours c0 to c11 in base.css."""
BESIDE = (60, 150, 200, 300)  # degrees from the person's own to the second colour
TILE = 18  # px, four to a picture

# Drawn in a tile of 18 px whose corner is at 0 0; a turn by a quarter keeps the tile
SHAPES = (
    "M0 0h18a18 18 0 0 1-18 18z",  # a quarter of a circle
    "M0 0a18 18 0 0 1 18 18h-18z",  # the same, from the corner beside
    "M0 0h18v18z",  # half a square
    "M0 0h18v9a9 9 0 0 1-18 0z",  # an arch
    "M9 1.5a7.5 7.5 0 1 1 0 15a7.5 7.5 0 1 1 0-15z",  # a circle
    "M0 0h18a18 18 0 0 1-18 18v-7a11 11 0 0 0 11-11z",  # a bow
    "M0 9a9 9 0 0 1 9-9h9v9a9 9 0 0 1-9 9h-9z",  # a leaf
    "M0 0h18v18h-18z",  # a square
)


@lru_cache(2000)
def draw(public: str) -> str:
    """Draw the face of a public id, as an SVG of 36 px."""
    bits = int(public, 16) >> 3  # the whole is the colour's too: what is left of it chooses the shapes
    own = HUES[hue_of(public)]
    bits, beside = bits // len(BESIDE), (own + BESIDE[bits % len(BESIDE)]) % 360
    colours = f"oklch(52% .115 {own})", f"oklch(76% .125 {beside})", f"oklch(34% .075 {own})"
    tiles = ""
    last = -1
    for number in range(4):
        bits, shape = divmod(bits, len(SHAPES))
        bits, turn = divmod(bits, 4)
        bits, colour = divmod(bits, len(colours))
        colour = (colour + 1) % len(colours) if colour == last else colour  # beside one another they differ
        last = colour
        at = f"translate({number % 2 * TILE} {number // 2 * TILE})" + (f" rotate({turn * 90} 9 9)" if turn else "")
        tiles += f'<path fill="{colours[colour]}" transform="{at}" d="{SHAPES[shape]}"/>'
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 36 36" width="36" height="36">'
        f'<path fill="oklch(90% .05 {own})" d="M0 0h36v36H0z"/>{tiles}</svg>\n'
    )
