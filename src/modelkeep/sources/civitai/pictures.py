"""Which picture of a model may be shown: by the site's levels, and never one of real people.

The site rates pictures by bits: 1 PG, 2 PG-13, 4 R, 8 X, 16 XXX, 32 blocked; 0 is not rated yet.
Older answers have words in place of bits.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from modelkeep.sources.sidecars.civitai import Json, objects, part
from modelkeep.sources.sidecars.clean_text import web_address

_BITS: Mapping[str, int] = {"pg": 1, "pg13": 2, "r": 4, "x": 8, "xxx": 16}
_WORDS: Mapping[Any, int] = {
    None: 1, False: 1, "none": 1, "soft": 2, "mature": 4, "x": 8, True: 16,
}  # fmt: skip
_PEOPLE = ("minor", "poi")


def picture_of(version: Json, level: str) -> str | None:
    """Return the address of the first picture that may be shown, or None.

    Args:
        version: A version, with ``model`` as far as that is known.
        level: The most that may be shown: ``pg``, ``pg13``, ``r``, ``x`` or ``xxx``.
    """
    about = part(version, "model")
    if any(_is_marked(who, name) for who in (about, version) for name in _PEOPLE):
        return None
    most = _BITS.get(level, 1)
    for image in objects(version, "images"):
        is_still = image.get("type") is None or image.get("type") == "image"
        is_of_people = any(_is_marked(image, name) for name in _PEOPLE)
        if is_still and not is_of_people and 1 <= _rated(image) <= most:
            address = web_address(image.get("url"))
            if address is not None:
                return address
    return None


def _is_marked(about: Json, name: str) -> bool:
    # Any value but a plain no counts.
    value = about.get(name)
    return not (value is None or value is False or value == 0)


def _rated(image: Json) -> int:
    """Return the highest level of a picture; 0 where it is not rated."""
    level = image.get("nsfwLevel")
    if isinstance(level, int) and not isinstance(level, bool):
        return 1 << (level.bit_length() - 1) if level > 0 else 0
    word = image.get("nsfw") if level is None else level
    if isinstance(word, str):
        word = word.casefold()
    elif word is not None and not isinstance(word, bool):
        return 0
    return _WORDS.get(word, 0)
