"""Draw the icons of the example groups: `python docs/draw_icons.py` writes `groups/icons/`.

The pictures are drawn from the shapes below and nothing else: no font, no download, no randomness, no date.
The same release of Pillow therefore writes the same bytes again, and a changed drawing is one that a plan
reports. Everything is 640×640, the size that WhatsApp recommends, and stays inside the circle that
it crops an icon to. Coordinates are those pixels; shapes are drawn four times as large and averaged down.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from itertools import pairwise
from pathlib import Path

from PIL import Image, ImageChops, ImageDraw

SIZE = 640
SCALE = 4
CENTRE = SIZE / 2
DISC = 262  # radius of the disc behind every drawing; the crop leaves a rim of background around it
ICONS = Path(__file__).resolve().parent.parent / "groups" / "icons"

Point = tuple[float, float]
Box = tuple[float, float, float, float]

WHITE = "#ffffff"


class Drawing:
    """A transparent layer to draw on, in pixels of the finished icon."""

    def __init__(self) -> None:
        self.image = Image.new("RGBA", (SIZE * SCALE, SIZE * SCALE))
        self._pen = ImageDraw.Draw(self.image)

    def disc(self, centre: Point, radius: float, colour: str) -> None:
        self.ellipse((centre[0] - radius, centre[1] - radius, centre[0] + radius, centre[1] + radius), colour)

    def ellipse(self, box: Box, colour: str) -> None:
        self._pen.ellipse(_scaled(box), fill=colour)

    def polygon(self, points: Iterable[Point], colour: str) -> None:
        self._pen.polygon([(x * SCALE, y * SCALE) for x, y in points], fill=colour)

    def box(
        self,
        box: Box,
        colour: str,
        radius: float = 0,
        corners: tuple[bool, bool, bool, bool] = (True, True, True, True),
    ) -> None:
        """A rectangle whose named corners (top left, top right, bottom right, bottom left) are rounded."""
        self._pen.rounded_rectangle(_scaled(box), radius * SCALE, fill=colour, corners=corners)

    def line(self, points: list[Point], width: float, colour: str) -> None:
        """A line with round joints and ends: a row of discs, and the bars between them."""
        half = width / 2
        for (x1, y1), (x2, y2) in pairwise(points):
            length = math.hypot(x2 - x1, y2 - y1)
            across, along = (y2 - y1) / length * half, (x2 - x1) / length * half
            self.polygon(
                (
                    (x1 + across, y1 - along),
                    (x2 + across, y2 - along),
                    (x2 - across, y2 + along),
                    (x1 - across, y1 + along),
                ),
                colour,
            )
        for point in points:
            self.disc(point, half, colour)

    def arc(self, centre: Point, radius: float, start: float, end: float, width: float, colour: str) -> None:
        """A round-ended arc; degrees run clockwise from three o'clock, `radius` is to its middle."""
        steps = max(2, int(abs(end - start)))
        angles = (math.radians(start + (end - start) * step / steps) for step in range(steps + 1))
        self.line(
            [(centre[0] + radius * math.cos(a), centre[1] + radius * math.sin(a)) for a in angles],
            width,
            colour,
        )


def _scaled(box: Box) -> Box:
    """The box in pixels of the layer: Pillow counts the last row and column in, hence the one less."""
    left, top, right, bottom = box
    return (left * SCALE, top * SCALE, right * SCALE - 1, bottom * SCALE - 1)


def long_shadow(mask: Image.Image) -> Image.Image:
    """The mask swept down and to the right, over the whole picture: each pass doubles the distance swept."""
    swept = mask
    distance = 1
    while distance < SIZE * SCALE:
        moved = Image.new("L", mask.size)
        moved.paste(swept, (distance, distance))
        swept = ImageChops.lighter(swept, moved)
        distance *= 2
    return swept


def on_disc(drawing: Drawing, background: str, disc: str, shadow: str) -> Image.Image:
    """The finished icon: background, disc, the drawing's long shadow within the disc, the drawing."""
    layer = Drawing()
    layer.disc((CENTRE, CENTRE), DISC, WHITE)
    round_mask = layer.image.getchannel("A")
    silhouette = drawing.image.getchannel("A")
    icon = Image.new("RGB", drawing.image.size, background)
    icon.paste(disc, mask=round_mask)
    icon.paste(shadow, mask=ImageChops.multiply(long_shadow(silhouette), round_mask))
    icon.paste(drawing.image, mask=silhouette)
    return icon.reduce(SCALE)


def suporte() -> Image.Image:
    """A headset around a smile."""
    ink, accent = "#0b3c5d", "#ffc145"
    d = Drawing()
    d.arc((320, 306), 140, 180, 360, 30, WHITE)  # head band
    d.arc((320, 306), 140, 8, 72, 18, WHITE)  # boom of the microphone
    d.box((322, 424, 396, 460), accent, 18)  # microphone
    for left in (146, 424):
        d.box((left, 276, left + 70, 386), accent, 32)
    d.box((202, 276, 226, 386), WHITE, 10)
    d.box((414, 276, 438, 386), WHITE, 10)
    for x in (278, 362):
        d.disc((x, 302), 15, WHITE)
    d.arc((320, 318), 50, 30, 150, 16, WHITE)
    return on_disc(d, ink, "#1470a8", "#0f5b8a")


def cafe() -> Image.Image:
    """A cup on its saucer, with steam and a bean."""
    bean, cream, shade = "#6b3a1e", "#fff4e0", "#f0dcbc"
    d = Drawing()
    for x in (250, 310, 370):
        lift = 14 if x == 310 else 0
        wave = [(x + 10 * math.sin(t / 96 * math.tau), 224 - lift - t * 0.82) for t in range(97)]
        d.line(wave, 15, cream)
    d.arc((424, 318), 45, 0, 359, 23, cream)  # handle
    d.box((194, 256, 426, 426), cream, 96, (False, False, True, True))
    d.box((194, 256, 426, 280), shade)  # the rim's own shadow
    d.box((184, 248, 436, 268), cream, 10)
    d.box((152, 440, 468, 466), cream, 13)  # saucer
    d.box((212, 466, 408, 482), shade, 8, (False, False, True, True))
    coffee_bean(d, bean, cream)
    return on_disc(d, "#7a4424", "#c17f45", "#a76a36")


def coffee_bean(d: Drawing, bean: str, groove: str) -> None:
    """A coffee bean at the middle of the cup: a tilted ellipse with a curved groove along it."""
    middle, tilt = (310.0, 347.0), math.radians(-58)

    def turned(x: float, y: float) -> Point:
        return (
            middle[0] + x * math.cos(tilt) - y * math.sin(tilt),
            middle[1] + x * math.sin(tilt) + y * math.cos(tilt),
        )

    d.polygon(
        (turned(56 * math.cos(a * math.tau / 180), 38 * math.sin(a * math.tau / 180)) for a in range(180)),
        bean,
    )
    d.line([turned(x, 10 * math.sin(x / 56 * math.pi)) for x in range(-54, 55)], 7, groove)


def vendas() -> Image.Image:
    """Rising columns and the arrow above them."""
    d = Drawing()
    for left, top, colour in (
        (182, 402, "#ffd9c7"),
        (254, 366, "#ffe9df"),
        (326, 330, WHITE),
        (398, 282, "#ffd166"),
    ):
        d.box((left, top, left + 54, 462), colour, 12)
    d.line([(182, 320), (268, 258), (322, 290), (424, 190)], 20, WHITE)
    d.line([(364, 186), (428, 186), (428, 250)], 20, WHITE)
    return on_disc(d, "#b8323f", "#ef5d60", "#d9474f")


def cliente() -> Image.Image:
    """A shop with a striped awning: a customer's business."""
    wall, glass, frame, stripe = "#f4f7f5", "#bfe6d6", "#17594a", "#ffb627"
    d = Drawing()
    d.box((176, 262, 464, 462), wall, 8)
    d.box((176, 262, 464, 312), "#d3e3dc")  # in the shade of the awning
    d.box((206, 330, 336, 422), frame, 8)  # window
    d.box((216, 340, 326, 412), glass)
    d.polygon(((246, 412), (286, 340), (310, 340), (270, 412)), "#def4ec")
    d.box((366, 330, 436, 462), frame, 8, (True, True, False, False))  # door
    d.disc((422, 402), 6, stripe)
    d.box((160, 452, 480, 474), frame, 6)  # pavement
    bays, top, bottom = 6, 182.0, 276.0
    for bay in range(bays):
        colour = WHITE if bay % 2 else stripe
        upper, lower = 180 + bay * 280 / bays, 152 + bay * 336 / bays
        width = 336 / bays
        d.polygon(((upper, top), (upper + 280 / bays, top), (lower + width, bottom), (lower, bottom)), colour)
        d.ellipse((lower, bottom - 28, lower + width, bottom + 28), colour)
    d.box((174, 166, 466, 192), frame, 8)
    return on_disc(d, "#14493d", "#2a9d7c", "#218467")


DRAWINGS: dict[str, Callable[[], Image.Image]] = {
    "suporte.png": suporte,
    "cafe.jpg": cafe,
    "vendas.png": vendas,
    "cliente.png": cliente,
}


def main() -> None:
    ICONS.mkdir(parents=True, exist_ok=True)
    for name, draw in DRAWINGS.items():
        icon = draw()
        if name.endswith(".jpg"):
            # No subsampling: it smears the edges of flat colours.
            icon.save(ICONS / name, quality=90, subsampling=0, optimize=True)
        else:
            icon.save(ICONS / name, optimize=True)


if __name__ == "__main__":
    main()
