"""Frames with drawn text, and where it is: what the detector is trained on and measured with."""

from __future__ import annotations

import io
from dataclasses import dataclass, field, replace
from random import Random

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from tests.bench.text.backgrounds import invented_picture, real_pictures, textured_picture
from tests.bench.text.fonts import draw_outlines, draw_strokes, font_files, ink_of
from tests.bench.text.graphics import draw_graphics
from tests.bench.text.words import line_of_text, short_line

_SCRIPTS = {
    "evaluation": (
        ("latin", 46), ("bitmap", 10), ("strokes", 8), ("arabic", 8), ("cjk", 8), ("cyrillic", 6),
        ("hangul", 4), ("hebrew", 4), ("devanagari", 3), ("thai", 2), ("greek", 1),
    ),
    # more of those that have fewer forms in common with the others
    "training": (
        ("latin", 36), ("bitmap", 8), ("strokes", 9), ("arabic", 12), ("cjk", 8), ("cyrillic", 6),
        ("hangul", 4), ("hebrew", 9), ("devanagari", 3), ("thai", 3), ("greek", 2),
    ),
}  # fmt: skip
_MODES = {
    "evaluation": (
        ("bright", 36), ("grey", 16), ("dark", 16), ("faint", 16), ("outlined", 6), ("boxed", 10),
    ),
    # more of what is hard to see
    "training": (
        ("bright", 22), ("grey", 22), ("dark", 18), ("faint", 18), ("outlined", 4), ("boxed", 16),
    ),
}  # fmt: skip
_GRAPHICS = {"evaluation": 0.4, "training": 0.35}
"""Share of the frames that have graphics too."""
_SHORT = 0.2
"""Share of the blocks to train with that have lines of one to three letters, in any script."""
_NO_INK = 0.05
"""Of letters with smooth edges: what covers less of a pixel is not drawn there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Style:
    """How a block of lines is drawn."""

    script: str
    font: str
    size: int
    mode: str
    angle: float
    smooth: bool
    bold: int
    contrast: float
    short: bool
    """Its lines have one to three letters."""
    slant: float
    """Columns by which letters lean for each row."""
    stretch: float
    """How much wider letters are drawn than the font has them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawn:
    """A line that was drawn."""

    style: Style
    letters: int
    corners: tuple[tuple[float, float], ...]
    """Of the ink, (column, row); may reach beyond the frame."""
    mask: np.ndarray = field(repr=False)
    """Pixels inside the corners."""
    ink: np.ndarray = field(repr=False)
    """Pixels that are drawn."""
    around: np.ndarray = field(repr=False)
    """Pixels between and around the letters."""
    visibility: float = 0.0
    """Difference of the ink to what is around it, over the deviation of that, as stored: after
    noise, blur and compression."""
    contrast: float = 0.0
    """The same difference over the range of the frame."""
    inside: float
    """Share of the height of its letters that is in the frame."""


@dataclass(slots=True, kw_only=True)
class Source:
    """Makes frames of a split, one after the other, from one seed."""

    split: str
    seed: int
    invented: int = 40
    """How many invented backgrounds there are at a time."""
    textured: float = 0
    """Share of the backgrounds that are full of small structures: joints, foramina, vessels."""
    _random: Random = field(init=False)
    _numbers: np.random.Generator = field(init=False)
    _pool: list[np.ndarray] = field(init=False, default_factory=list)
    _textures: list[np.ndarray] = field(init=False, default_factory=list)

    def __post_init__(self) -> None:
        self._random = Random(f"{self.split} {self.seed}")
        self._numbers = np.random.default_rng([self.seed, len(self.split)])

    def background(self, size: int) -> np.ndarray:
        """A crop without text, `size` pixels square, about 0 to 1."""
        random = self._random
        if random.random() < 0.06:
            return np.full((size, size), random.choice((0.0, 0.0, 1.0, 0.3)), dtype=np.float32)
        pictures = self._pictures()
        values = random.choice(pictures)
        zoom = random.choice((1, 1, 1, 0.5, 0.7, 1.4, 2.0))
        part = min(round(size / zoom), *values.shape)
        row = random.randint(0, values.shape[0] - part)
        column = random.randint(0, values.shape[1] - part)
        crop = values[row : row + part, column : column + part]
        if part != size:
            method = random.choice(
                (Image.Resampling.BILINEAR, Image.Resampling.BICUBIC, Image.Resampling.LANCZOS)
            )
            crop = np.asarray(
                Image.fromarray(np.ascontiguousarray(crop)).resize((size, size), method)
            )
        crop = np.rot90(crop, random.randint(0, 3))
        crop = crop[:, ::-1] if random.random() < 0.5 else crop
        values = np.array(crop, dtype=np.float32)
        if random.random() < 0.3:
            values = np.clip(values, 0, None) ** np.float32(random.uniform(0.5, 1.8))
        return values

    def _pictures(self) -> list[np.ndarray] | tuple[np.ndarray, ...]:
        if self.textured and self._random.random() < self.textured:
            if len(self._textures) < self.invented or self._random.random() < 0.15:
                self._textures = self._textures[-self.invented + 1 :]
                self._textures.append(textured_picture(self._numbers, 384))
            return self._textures
        if self._random.random() < (0.5 if self.split == "training" else 0.7):
            return real_pictures(self.split)
        while len(self._pool) < self.invented:
            self._pool.append(invented_picture(self._numbers, 384))
        if self._random.random() < 0.1:
            self._pool[self._random.randrange(self.invented)] = invented_picture(self._numbers, 384)
        return self._pool

    def frame(
        self,
        size: int = 256,
        *,
        blocks: int | None = None,
        graphics: bool | None = None,
        sizes: tuple[int, int] | None = None,
    ) -> tuple[np.ndarray, list[Drawn]]:
        """Stored values of a frame, and the lines drawn in it.

        Parameters
        ----------
        size
            Rows and columns.
        blocks
            How many blocks of lines; None for 0 to 3, as training wants them.
        graphics
            Whether graphics are drawn beside them; None for some.
        sizes
            Smallest and largest font size; None for 5 to 90, and for more text that is hard to see,
            as training wants it.
        """
        random = self._random
        values = self.background(size)
        share = _GRAPHICS["training" if sizes is None else "evaluation"]
        if random.random() < share if graphics is None else graphics:
            draw_graphics(random, values)
        count = random.choice((0, 1, 1, 1, 2, 2, 3)) if blocks is None else blocks
        taken = np.zeros(values.shape, dtype=bool)
        drawn: list[Drawn] = []
        for _ in range(count):
            drawn.extend(self._block(values, taken, self.style(sizes)))
        stored = self._stored(values)
        return stored, [_measured(line, stored) for line in drawn]

    def style(self, sizes: tuple[int, int] | None = None) -> Style:
        """Choose how to draw a block."""
        random = self._random
        mixture = "training" if sizes is None else "evaluation"
        names, weights = zip(*_SCRIPTS[mixture], strict=True)
        script = random.choices(names, weights)[0]
        modes, shares = zip(*_MODES[mixture], strict=True)
        if sizes is not None:
            size = random.randint(*sizes)
        else:
            kind = random.random()
            low, high = (8, 30) if kind < 0.7 else (5, 9) if kind < 0.85 else (30, 90)
            size = round(np.exp(random.uniform(np.log(low), np.log(high))))
        if script in {"cjk", "hangul", "devanagari", "thai", "arabic"}:
            size = max(size, 8)
        turned = random.random()
        angle = 0.0
        if turned < 0.12:
            angle = random.choice((90.0, 270.0))
        elif turned < (0.28 if sizes is None else 0.22):
            angle = random.uniform(-75, 75)
        return Style(
            script=script,
            font=random.choice(font_files(self.split, script)),
            size=size,
            mode=random.choices(modes, shares)[0],
            angle=angle,
            smooth=random.random() < 0.6,
            bold=1 if random.random() < 0.08 and size > 14 else 0,
            contrast=float(np.exp(random.uniform(np.log(0.05), np.log(1.0)))),
            short=sizes is None and random.random() < _SHORT,
            # other fonts than there are to train with
            slant=random.uniform(-0.3, 0.3) if sizes is None and random.random() < 0.2 else 0.0,
            stretch=random.uniform(0.7, 1.4) if sizes is None and random.random() < 0.3 else 1.0,
        )

    def _block(self, values: np.ndarray, taken: np.ndarray, style: Style) -> list[Drawn]:
        random = self._random
        count = random.choice((1, 1, 1, 1, 2, 3, 4)) if style.angle in {0, 90, 270} else 1
        if random.random() < 0.05:
            count = 10
        spacing = style.size * random.uniform(1.05, 1.7)
        inks = [made for _ in range(count) if (made := self._ink(style)) is not None]
        if not inks:
            return []
        rows, columns = values.shape
        row, column = self._anchor(rows, columns, inks)
        flush_right = random.random() < 0.3
        widest = max(ink.shape[1] for ink, _ in inks)
        level = self._level(values, style, (row, column, inks[0][0].shape))
        drawn = []
        for index, (ink, letters) in enumerate(inks):
            across, down = column, row + round(index * spacing)
            if style.angle in {90, 270}:
                across, down = column + round(index * spacing), row
            elif flush_right:
                across = column + widest - ink.shape[1]
            line = self._draw(values, taken, replace(style), ink, (down, across), level, letters)
            if line is not None:
                drawn.append(line)
        return drawn

    def _ink(self, style: Style) -> tuple[np.ndarray, int] | None:
        random = self._random
        text = (short_line if style.short else line_of_text)(random, style.script)
        if style.script == "strokes":
            width = max(1, round(style.size / random.uniform(10, 22)))
            picture = draw_strokes(style.font, style.size, text, smooth=style.smooth, width=width)
        else:
            picture = draw_outlines(
                style.font, style.size, text, smooth=style.smooth, bold=style.bold
            )
        picture = _reshaped(picture, style)
        if style.angle in {90, 270}:
            picture = picture.transpose(
                Image.Transpose.ROTATE_90 if style.angle == 90 else Image.Transpose.ROTATE_270
            )
        ink = ink_of(picture)
        return None if ink is None or ink.size < 6 else (ink, len(text.replace(" ", "")))

    def _anchor(
        self, rows: int, columns: int, inks: list[tuple[np.ndarray, int]]
    ) -> tuple[int, int]:
        random = self._random
        high, wide = inks[0][0].shape
        lowest, rightmost = rows - high, columns - wide
        if random.random() < 0.4:
            # at a corner or border, as scanners write
            edge = random.choice((0, 0, 1, 2, 4, 8))
            row = random.choice((edge, max(edge, lowest - edge)))
            return row, random.choice(
                (edge, rightmost - edge, random.randint(0, max(1, rightmost)))
            )
        over = 0.15 if random.random() < 0.2 else 0
        return (
            random.randint(-int(over * high), max(0, lowest + int(over * high))),
            random.randint(-int(over * wide), max(0, rightmost + int(over * wide))),
        )

    def _level(
        self, values: np.ndarray, style: Style, place: tuple[int, int, tuple[int, ...]]
    ) -> float:
        random = self._random
        row, column, (high, wide) = place
        under = values[max(0, row) : max(1, row + high), max(0, column) : max(1, column + wide)]
        mean = float(under.mean()) if under.size else 0.0
        match style.mode:
            case "bright" | "outlined":
                return max(1.0, float(values.max())) * random.choice((1, 1, 1, 1.5, 0.9))
            case "dark":
                return 0.0 if random.random() < 0.6 else mean - max(0.2, style.contrast)
            case "faint":
                sign = random.choice((1, 1, -1)) if mean > 0.2 else 1
                return mean + sign * random.uniform(0.05, 0.2)
            case _:
                return mean + (1 if mean < 0.5 or random.random() < 0.5 else -1) * style.contrast

    def _draw(
        self,
        values: np.ndarray,
        taken: np.ndarray,
        style: Style,
        ink: np.ndarray,
        place: tuple[int, int],
        level: float,
        letters: int,
    ) -> Drawn | None:
        alpha, corners = _placed(values.shape, ink, place, style.angle)
        mask = _polygon(values.shape, corners)
        if not mask.any() or (taken & mask).any() or alpha.max() < 0.5:
            return None
        taken |= mask
        if style.mode == "boxed":
            plate = _polygon(values.shape, _grown(corners, self._random.randint(1, 4)))
            values[plate] = self._random.choice((0.0, 1.0, 0.0, self._random.random()))
            level = self._level(values, replace(style, mode="grey"), (*place, ink.shape))
        elif style.mode == "outlined":
            halo = Image.fromarray((alpha * 255).astype(np.uint8)).filter(ImageFilter.MaxFilter(3))
            values -= values * (np.asarray(halo, dtype=np.float32) / 255)
        values += alpha * (level - values)
        return Drawn(
            style=style,
            letters=letters,
            corners=corners,
            mask=mask,
            ink=alpha >= 0.6 * alpha.max(),
            around=_polygon(values.shape, _grown(corners, 3)) & (alpha < _NO_INK),
            inside=_height_inside(values.shape, corners),
        )

    def _stored(self, values: np.ndarray) -> np.ndarray:
        random = self._random
        if random.random() < 0.08:
            picture = Image.fromarray(values)
            eight = np.clip((values - values.min()) / (np.ptp(values) + 1e-6) * 255, 0, 255)
            picture = Image.fromarray(eight.astype(np.uint8)).filter(
                ImageFilter.GaussianBlur(random.uniform(0.3, 0.8))
            )
            values = np.asarray(picture, dtype=np.float32) / 255
        if random.random() < 0.08:
            noise = self._numbers.normal(size=values.shape).astype(np.float32)
            values = values + noise * np.float32(10 ** random.uniform(-3, -1.5))
        if random.random() < 0.15:
            low, span = float(values.min()), float(np.ptp(values)) + 1e-6
            eight = Image.fromarray(((values - low) / span * 255).astype(np.uint8))
            held = io.BytesIO()
            eight.save(held, "JPEG", quality=random.randint(50, 95))
            values = np.asarray(Image.open(held), dtype=np.float32) / 255
        if random.random() < 0.12:
            values = values.max() - values
        top = random.choice((255, 255, 1023, 4095, 4095, 400, 1500, 32000))
        low = min(0.0, float(values.min()))
        stored = np.rint((values - low) / max(1.0, float(values.max()) - low) * top)
        if random.random() < 0.2:
            return (stored - top // 3).astype(np.int32)
        return stored.astype(np.int32)


def _measured(line: Drawn, stored: np.ndarray) -> Drawn:
    around = stored[line.around if line.around.any() else line.mask].astype(np.float64)
    span = max(1.0, float(stored.max()) - float(stored.min()))
    difference = abs(float(stored[line.ink].mean()) - float(around.mean())) / span
    deviation = float(around.std()) / span
    return replace(line, visibility=difference / (deviation + 1e-3), contrast=difference)


def _reshaped(picture: Image.Image, style: Style) -> Image.Image:
    """Return drawn letters stretched and leaning."""
    if style.slant == 0 and style.stretch == 1:
        return picture
    rows, lean = picture.height, style.slant * picture.height
    wide = round(picture.width * style.stretch + abs(lean))
    smooth = Image.Resampling.BICUBIC if style.smooth else Image.Resampling.NEAREST
    # columns of the font from those that are drawn
    affine = (1, style.slant, -max(0.0, lean), 0, style.stretch, 0)
    data = tuple(value / style.stretch for value in affine)
    return picture.transform((wide, rows), Image.Transform.AFFINE, data, smooth)


def _placed(
    shape: tuple[int, ...], ink: np.ndarray, place: tuple[int, int], angle: float
) -> tuple[np.ndarray, tuple[tuple[float, float], ...]]:
    high, wide = ink.shape
    row, column = place
    alpha = np.zeros(shape, dtype=np.float32)
    corners = [(0.0, 0.0), (wide - 1.0, 0.0), (wide - 1.0, high - 1.0), (0.0, high - 1.0)]
    if angle not in {0, 90, 270}:
        picture = Image.fromarray((ink * 255).astype(np.uint8)).rotate(
            angle, Image.Resampling.BICUBIC, expand=True
        )
        turned = np.asarray(picture, dtype=np.float32) / 255
        # PIL turns anticlockwise as seen, around the middle
        cos, sin = np.cos(np.deg2rad(angle)), np.sin(np.deg2rad(angle))
        middle = ((wide - 1) / 2, (high - 1) / 2)
        new = ((turned.shape[1] - 1) / 2, (turned.shape[0] - 1) / 2)
        corners = [
            (
                new[0] + cos * (x - middle[0]) + sin * (y - middle[1]),
                new[1] - sin * (x - middle[0]) + cos * (y - middle[1]),
            )
            for x, y in corners
        ]
        ink = turned
        row = max(min(row, shape[0] - ink.shape[0]), 0)
        column = max(min(column, shape[1] - ink.shape[1]), 0)
    top, left = max(0, row), max(0, column)
    part = ink[top - row :, left - column :][: max(0, shape[0] - top), : max(0, shape[1] - left)]
    alpha[top : top + part.shape[0], left : left + part.shape[1]] = part
    return alpha, tuple((float(x + column), float(y + row)) for x, y in corners)


def _height_inside(shape: tuple[int, ...], corners: tuple[tuple[float, float], ...]) -> float:
    # letters stand along the shorter side; oblique lines are never cut
    x, y = (sorted(corner[axis] for corner in corners) for axis in (0, 1))
    shares = [
        (min(last, size - 1) - max(first, 0) + 1) / (last - first + 1)
        for (first, *_, last), size in ((x, shape[1]), (y, shape[0]))
    ]
    return shares[0] if x[-1] - x[0] < y[-1] - y[0] else shares[1]


def _polygon(shape: tuple[int, ...], corners: tuple[tuple[float, float], ...]) -> np.ndarray:
    mask = Image.new("1", (shape[1], shape[0]))
    ImageDraw.Draw(mask).polygon(list(corners), fill=1, outline=1)
    return np.array(mask, dtype=bool)


def _grown(corners: tuple[tuple[float, float], ...], by: float) -> tuple[tuple[float, float], ...]:
    x = sum(corner[0] for corner in corners) / len(corners)
    y = sum(corner[1] for corner in corners) / len(corners)
    return tuple((a + by * np.sign(a - x), b + by * np.sign(b - y)) for a, b in corners)


def cells(shape: tuple[int, ...], lines: list[Drawn]) -> tuple[np.ndarray, np.ndarray]:
    """Return target and weight of each cell of 4 x 4 pixels.

    A cell is text when half of it lies in a line. Cells that a line only touches, and lines that
    nobody can read, have no weight.
    """
    grid = (shape[0] // 4, 4, shape[1] // 4, 4)
    target = np.zeros((grid[0], grid[2]), dtype=np.float32)
    weight = np.ones_like(target)
    for line in lines:
        share = line.mask.reshape(grid).mean(axis=(1, 3))
        inside = share >= 0.5
        weight[(share > 0) & (target == 0)] = 0
        if is_legible(line):
            target[inside] = 1
            # a short line counts for more than its cells
            weight[inside] = np.clip((60 / max(1, inside.sum())) ** 0.5, 0.5, 3)
    return target, weight


def is_legible(line: Drawn) -> bool:
    """Whether a person could read the line at any window: of letters half cut off nobody can."""
    return line.visibility >= 1.2 and line.contrast >= 0.03 and line.inside >= 0.6
