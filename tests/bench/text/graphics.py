"""Graphics that are no text: rulers, grids, arrows, circles, frames, saturated pixels, wedges."""

from __future__ import annotations

from random import Random

import numpy as np
from PIL import Image, ImageDraw


def draw_graphics(random: Random, values: np.ndarray) -> None:
    """Draw one to four graphics into a picture, in place."""
    for _ in range(random.randint(1, 4)):
        drawing = random.choice(
            (_ruler, _ruler, _grid, _arrow, _outline, _outline, _stroke, _pixels, _wedge, _mask)
        )
        drawing(random, values)


def _level(random: Random, values: np.ndarray) -> float:
    if random.random() < 0.5:
        return float(max(1.0, values.max()))
    return random.choice((0.0, random.random(), random.uniform(0.5, 1.2)))


def _canvas(values: np.ndarray) -> tuple[Image.Image, ImageDraw.ImageDraw]:
    mask = Image.new("L", (values.shape[1], values.shape[0]))
    return mask, ImageDraw.Draw(mask)


def _put(values: np.ndarray, mask: Image.Image, level: float) -> None:
    alpha = np.asarray(mask, dtype=np.float32) / 255
    values += alpha * (level - values)


def _point(random: Random, values: np.ndarray) -> tuple[int, int]:
    return random.randint(0, values.shape[1] - 1), random.randint(0, values.shape[0] - 1)


def _ruler(random: Random, values: np.ndarray) -> None:
    mask, draw = _canvas(values)
    x, y = _point(random, values)
    step, count = random.randint(3, 20), random.randint(3, 14)
    length, long = random.randint(2, 8), random.randint(0, 6)
    width = random.choice((1, 1, 2))
    if random.random() < 0.7:
        draw.line((x, y, x + step * count, y), fill=255, width=width)
    for part in range(count + 1):
        reach = length + (long if part % 5 == 0 else 0)
        draw.line((x + part * step, y - reach, x + part * step, y), fill=255, width=width)
    if random.random() < 0.6:
        mask = mask.transpose(Image.Transpose.TRANSPOSE).resize(mask.size)
    _put(values, mask, _level(random, values))


def _grid(random: Random, values: np.ndarray) -> None:
    mask, draw = _canvas(values)
    step = random.randint(12, 80)
    for x in range(random.randint(0, step), values.shape[1], step):
        draw.line((x, 0, x, values.shape[0]), fill=255)
    for y in range(random.randint(0, step), values.shape[0], step):
        draw.line((0, y, values.shape[1], y), fill=255)
    _put(values, mask, _level(random, values))


def _arrow(random: Random, values: np.ndarray) -> None:
    mask, draw = _canvas(values)
    (x, y), (a, b) = _point(random, values), (random.randint(-60, 60), random.randint(-60, 60))
    draw.line((x, y, x + a, y + b), fill=255, width=random.randint(1, 3))
    size = random.randint(3, 9)
    draw.polygon(
        [
            (x, y),
            (x + size, y + random.randint(-size, size)),
            (x + random.randint(-3, 3), y + size),
        ],
        fill=255,
    )
    _put(values, mask, _level(random, values))


def _outline(random: Random, values: np.ndarray) -> None:
    mask, draw = _canvas(values)
    x, y = _point(random, values)
    a, b = random.randint(2, 90), random.randint(2, 90)
    width = random.randint(1, 3)
    kind = random.random()
    if kind < 0.4:
        draw.ellipse((x - a, y - b, x + a, y + b), outline=255, width=width)
    elif kind < 0.7:
        draw.rectangle((x - a, y - b, x + a, y + b), outline=255, width=width)
    elif kind < 0.85:
        draw.arc(
            (x - a, y - b, x + a, y + b), random.randint(0, 360), random.randint(0, 360), 255, width
        )
    else:
        draw.line((x - a, y, x + a, y), fill=255, width=width)
        draw.line((x, y - a, x, y + a), fill=255, width=width)
    _put(values, mask, _level(random, values))


def _stroke(random: Random, values: np.ndarray) -> None:
    mask, draw = _canvas(values)
    if random.random() < 0.5:
        points = [_point(random, values) for _ in range(random.randint(2, 3))]
    else:
        x, y = _point(random, values)
        points = [(x, y)]
        for _ in range(random.randint(3, 20)):
            x, y = x + random.randint(-14, 14), y + random.randint(-14, 14)
            points.append((x, y))
    if random.random() < 0.3 and len(points) > 1:
        (x, y), (a, b) = points[0], points[1]
        for part in range(0, 40, 2):
            s, t = part / 40, (part + 1) / 40
            draw.line(
                (x + (a - x) * s, y + (b - y) * s, x + (a - x) * t, y + (b - y) * t), fill=255
            )
    else:
        draw.line(points, fill=255, width=random.randint(1, 3))
    _put(values, mask, _level(random, values))


def _pixels(random: Random, values: np.ndarray) -> None:
    level = _level(random, values)
    x, y = _point(random, values)
    spread = random.choice((8, 40, 400))
    for _ in range(random.randint(1, 60)):
        a, b = x + random.randint(-spread, spread), y + random.randint(-spread, spread)
        if 0 <= a < values.shape[1] and 0 <= b < values.shape[0]:
            values[b : b + random.randint(1, 2), a : a + random.randint(1, 2)] = level


def _wedge(random: Random, values: np.ndarray) -> None:
    x, y = _point(random, values)
    steps, wide, high = random.randint(4, 40), random.randint(1, 12), random.randint(4, 30)
    for part in range(steps):
        place = (slice(y, y + high), slice(x + part * wide, x + (part + 1) * wide))
        if random.random() < 0.5:
            place = (slice(y + part * wide, y + (part + 1) * wide), slice(x, x + high))
        values[place] = part / steps


def _mask(random: Random, values: np.ndarray) -> None:
    # tiles and blanked parts have sharp edges and constant values too
    rows, columns = values.shape
    level = _level(random, values) if random.random() < 0.5 else 0.0
    if random.random() < 0.5:
        edge = random.randint(1, 60)
        part = random.choice((np.s_[:edge], np.s_[-edge:], np.s_[:, :edge], np.s_[:, -edge:]))
        values[part] = level
        return
    x, y = _point(random, values)
    values[y : y + random.randint(4, rows // 2), x : x + random.randint(4, columns // 2)] = level
