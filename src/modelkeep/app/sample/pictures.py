"""Pictures of the sample models, drawn from their names: always the same ones."""

from __future__ import annotations

import colorsys
import hashlib
import io
import math
from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PIL.Image import Image

_WIDTH, _HEIGHT = 512, 640
_QUALITY = 82
_LAYERS = 5
_STEPS = 120
Colour = tuple[int, int, int]


def picture(name: str, motif: str) -> bytes:
    """Return a picture as a JPEG.

    Args:
        name: Decides on colours and forms.
        motif: ``hills``, ``paper`` or ``rings``.
    """
    numbers = _numbers(name)
    drawn = {"hills": _hills, "paper": _paper}.get(motif, _rings)(numbers)
    made = io.BytesIO()
    drawn.save(made, "JPEG", quality=_QUALITY)
    return made.getvalue()


def _numbers(name: str) -> Iterator[float]:
    """Yield numbers from 0 to 1, as many as are wanted, that follow from a name."""
    count = 0
    while True:
        digest = hashlib.blake2b(f"{name} {count}".encode(), digest_size=32).digest()
        yield from (byte / 255 for byte in digest)
        count += 1


def _colour(hue: float, light: float, strength: float) -> Colour:
    red, green, blue = colorsys.hls_to_rgb(hue % 1, light, strength)
    return round(red * 255), round(green * 255), round(blue * 255)


def _sky(above: Colour, below: Colour) -> Image:
    from PIL import Image, ImageOps

    ramp = Image.linear_gradient("L").resize((_WIDTH, _HEIGHT))
    return ImageOps.colorize(ramp, above, below)


def _glow(image: Image, place: tuple[float, float], radius: float, colour: Colour) -> Image:
    from PIL import Image, ImageDraw, ImageFilter

    mask = Image.new("L", image.size)
    x, y = place
    ImageDraw.Draw(mask).ellipse((x - radius, y - radius, x + radius, y + radius), fill=255)
    halo = mask.filter(ImageFilter.GaussianBlur(radius / 2))
    lit = Image.composite(Image.new("RGB", image.size, colour), image, halo)
    return Image.composite(Image.new("RGB", image.size, colour), lit, mask)


def _hills(numbers: Iterator[float]) -> Image:
    from PIL import ImageDraw

    hue = next(numbers)
    image = _sky(_colour(hue, 0.32, 0.5), _colour(hue + 0.12, 0.8, 0.75))
    place = _WIDTH * (0.2 + 0.6 * next(numbers)), _HEIGHT * (0.2 + 0.25 * next(numbers))
    image = _glow(image, place, 34 + 30 * next(numbers), _colour(hue + 0.14, 0.93, 0.9))
    draw = ImageDraw.Draw(image)
    for layer in range(_LAYERS):
        waves = [(next(numbers) * 6, 1 + next(numbers) * 4, 26 / (1 + n)) for n in range(3)]
        ground = _HEIGHT * (0.48 + 0.11 * layer)
        top = [
            (x, ground - sum(h * math.sin(f * x / 90 + at) for at, f, h in waves))
            for x in range(0, _WIDTH + 8, 8)
        ]
        light = 0.56 - 0.1 * layer
        draw.polygon([(0, _HEIGHT), *top, (_WIDTH, _HEIGHT)], _colour(hue + 0.03, light, 0.38))
    return image


def _paper(numbers: Iterator[float]) -> Image:
    from PIL import Image, ImageDraw, ImageFilter

    hue, turn = next(numbers), 0.04 + 0.1 * next(numbers)
    image = Image.new("RGB", (_WIDTH, _HEIGHT), _colour(hue, 0.88, 0.5))
    petals, start = 3 + int(next(numbers) * 5), next(numbers) * 6
    for layer in range(_LAYERS + 1):
        radius = 330 - 52 * layer
        edge = []
        for step in range(_STEPS):
            angle = math.tau * step / _STEPS
            reach = radius * (1 + 0.16 * math.sin(petals * angle + start + layer * 0.5))
            edge.append(
                (_WIDTH / 2 + reach * math.cos(angle), _HEIGHT / 2 + reach * math.sin(angle))
            )
        shadow = Image.new("L", image.size)
        ImageDraw.Draw(shadow).polygon([(x + 5, y + 9) for x, y in edge], fill=120)
        dark = Image.new("RGB", image.size, _colour(hue, 0.1, 0.4))
        image = Image.composite(dark, image, shadow.filter(ImageFilter.GaussianBlur(10)))
        sheet = _colour(hue + turn * layer, 0.74 - 0.09 * layer, 0.55)
        ImageDraw.Draw(image).polygon(edge, sheet)
    return image


def _rings(numbers: Iterator[float]) -> Image:
    from PIL import ImageDraw

    hue = next(numbers)
    image = _sky(_colour(hue, 0.16, 0.45), _colour(hue + 0.08, 0.28, 0.5))
    draw = ImageDraw.Draw(image)
    for ring in range(14):
        x, y = _WIDTH * (0.5 + 0.03 * math.sin(ring)), _HEIGHT * (0.5 + 0.02 * math.cos(ring))
        radius = 20 + ring * 20
        begin, length = 360 * next(numbers), 90 + 200 * next(numbers)
        box = (x - radius, y - radius, x + radius, y + radius)
        colour = _colour(hue + 0.1 * next(numbers), 0.45 + 0.4 * next(numbers), 0.6)
        draw.arc(box, begin, begin + length, colour, width=4 + ring % 4 * 3)
    return image
