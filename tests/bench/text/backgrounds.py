"""Pictures to draw on, without text: our phantom, files of pydicom, pydicom-data and deid-data,
and invented anatomy. Those to train with apart from those to evaluate with.
"""

from __future__ import annotations

import os
import tempfile
import warnings
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pydicom
from PIL import Image, ImageDraw
from scipy.ndimage import gaussian_filter

from casepack.sample.write import write_sample

_PHANTOMS = {
    # two reach the ribs: their sections stand one below the other; the first is the demo's study
    "training": ((1, 15, 320), (2, 3, 512), (3, 3, 256), (4, 15, 384)),
    "evaluation": ((91, 4, 384), (92, 3, 640)),
}
"""Seed, slices and size; the anatomy is the same, noise and texture are not."""
_FILES = {
    "training": (
        ("pydicom", "data/test_files/CT_small.dcm"),
        ("pydicom", "data/test_files/JPEG2000.dcm"),
        ("pydicom", "data/test_files/image_dfl.dcm"),
        ("data_store", "data/693_UNCI.dcm"),
        ("data_store", "data/MR2_UNCI.dcm"),
        ("data_store", "data/RG1_UNCI.dcm"),
        ("data_store", "data/eCT_Supplemental.dcm"),
        ("data_store", "data/explicit_VR-UN.dcm"),
        ("data_store", "data/emri_small.dcm"),
        ("deid_data", "data/dicom-cookies/image1.dcm"),
        ("deid_data", "data/dicom-cookies/image3.dcm"),
    ),
    "evaluation": (
        ("pydicom", "data/test_files/examples_overlay.dcm"),
        ("pydicom", "data/test_files/J2K_pixelrep_mismatch.dcm"),
        ("pydicom", "data/test_files/MR_small.dcm"),
        ("data_store", "data/bad_sequence.dcm"),
    ),
}
_LARGEST = 1100


@lru_cache
def real_pictures(split: str) -> tuple[np.ndarray, ...]:
    """The pictures of a split, 0 to 1 between their 0.5 and 99.5 percentile."""
    pictures = [_scaled(values) for values in _phantom(split)]
    for module, path in _FILES[split]:
        spec = find_spec(module)
        assert spec is not None
        assert spec.submodule_search_locations is not None
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the files are odd on purpose
            ds = pydicom.dcmread(Path(next(iter(spec.submodule_search_locations))) / path)
            values = ds.pixel_array
        if values.ndim == 3:
            values = values[..., 0] if values.shape[-1] == 3 else values[0]
        if max(values.shape) > _LARGEST:
            step = -(-max(values.shape) // _LARGEST)
            values = values[::step, ::step]
        pictures.append(_scaled(values))
    return tuple(pictures)


def _phantom(split: str) -> list[np.ndarray]:
    found: list[np.ndarray] = []
    for seed, slices, size in _PHANTOMS[split]:
        cache = os.environ.get("CASEPACK_PHANTOMS")
        with tempfile.TemporaryDirectory() as folder:
            out = Path(cache) / f"s{seed}" if cache else Path(folder) / "sample"
            if not out.exists():
                write_sample(out, seed=seed, slices=slices, size=size)
            found += sections(out)
    return found


def sections(sample: Path) -> list[np.ndarray]:
    """The stored values of all images of a sample study, but those that hold text."""
    found = []
    for path in sorted((sample / "study").rglob("*")):
        if not path.is_file() or path.name == "DICOMDIR" or path.suffix == ".TXT":
            continue
        ds = pydicom.dcmread(path)
        if ds.get("BurnedInAnnotation") != "YES" and "PixelData" in ds:
            found.append(ds.pixel_array)
    return found


def _scaled(values: np.ndarray) -> np.ndarray:
    low, high = np.percentile(values, (0.5, 99.5))
    scaled: np.ndarray = ((values - low) / max(high - low, 1)).astype(np.float32)
    return scaled.clip(-0.2, 1.6)


def invented_picture(random: np.random.Generator, size: int) -> np.ndarray:
    """Invent something like a section: tissue with texture, shapes, a column of blocks, noise."""
    picture = Image.new("F", (size, size), float(random.choice((0.0, 0.0, 0.02, random.random()))))
    draw = ImageDraw.Draw(picture)
    for _ in range(int(random.integers(1, 14))):
        _draw_shape(draw, random, size)
    if random.random() < 0.4:
        _draw_column(draw, random, size)
    for _ in range(int(random.integers(0, 4))):
        _draw_chain(draw, random, size)
    blur = float(random.choice((0.6, 1.0, 1.5, 3.0)))
    values = _blurred(np.asarray(picture), blur)
    field = values
    for _ in range(int(random.integers(1, 4))):
        length = float(random.choice((2, 4, 8, 16, 40)))
        field = _blurred(random.normal(size=(size, size)).astype(np.float32), length)
        field /= field.std() + 1e-6
        values = values * (1 + 0.15 * random.random() * field)
    if random.random() < 0.15:
        # nothing but texture
        values = field * random.random() + random.random()
    if random.random() < 0.6:
        noise = 10 ** random.uniform(-3, -1)
        real = values + noise * random.normal(size=values.shape)
        imaginary = noise * random.normal(size=values.shape)
        values = np.hypot(real, imaginary)
    return values.astype(np.float32)


def textured_picture(random: np.random.Generator, size: int) -> np.ndarray:
    """Invent small structures with sharp edges: fat between muscles, joints, vessels, foramina."""
    if random.random() < 0.08:
        return _round_phantoms(random, size)
    values = invented_picture(random, size)
    for _ in range(int(random.integers(1, 4))):
        across, along = (float(10 ** random.uniform(0.0, 0.85)) for _ in range(2))
        field = gaussian_filter(random.normal(size=(size, size)), (across, along))
        field = field / (field.std() + 1e-6) - random.uniform(-0.5, 1.2)
        kind = random.random()
        if kind < 0.4:
            field = np.tanh(field * random.uniform(1, 6))
        elif kind < 0.7:
            # thin walls between cells
            field = np.exp(-((field / random.uniform(0.15, 0.5)) ** 2))
        where = gaussian_filter(
            random.normal(size=(size // 8, size // 8)), float(random.uniform(1, 6))
        )
        region = np.asarray(
            Image.fromarray(where.astype(np.float32)).resize((size, size)), dtype=np.float32
        )
        cover = 1 / (1 + np.exp(-12 * region / (region.std() + 1e-6) + random.uniform(-12, 12)))
        values = values * (1 - 0.7 * cover) + cover * random.uniform(0.1, 0.5) * (1.3 + field)
    noise = 10 ** random.uniform(-3, -1.3)
    noisy: np.ndarray = np.hypot(
        values + noise * random.normal(size=values.shape), noise * random.normal(size=values.shape)
    )
    if random.random() < 0.4:
        half = Image.fromarray(noisy.astype(np.float32)).resize((size // 2, size // 2))
        noisy = np.asarray(half.resize((size, size), Image.Resampling.LANCZOS))
    return noisy.astype(np.float32)


def _round_phantoms(random: np.random.Generator, size: int) -> np.ndarray:
    """Invent discs with a hole in them, as bottles of water are seen in the smallest of frames."""
    picture = Image.new("F", (size, size), 0.0)
    draw = ImageDraw.Draw(picture)
    step = int(random.integers(32, 130))
    for y in range(step // 2, size, step):
        for x in range(step // 2, size, step):
            radius = step * random.uniform(0.15, 0.5)
            level = float(random.uniform(0.3, 1))
            draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=level)
            for _ in range(int(random.integers(0, 3))):
                a, b = radius * random.uniform(0.1, 0.5, 2)
                p, q = (x, y) + radius * random.uniform(-0.4, 0.4, 2)
                angle, dark = random.uniform(0, np.pi), level * float(random.uniform(0, 0.6))
                sides = a + 1j * b, a - 1j * b, -a - 1j * b, -a + 1j * b
                corners = [p + 1j * q + side * np.exp(1j * angle) for side in sides]
                draw.polygon([(corner.real, corner.imag) for corner in corners], fill=dark)
                if random.random() < 0.5:
                    a, b = (a, b) * random.uniform(0.1, 0.6, 2)
                    draw.ellipse((p - a, q - b, p + a, q + b), fill=level)
    values = _blurred(np.asarray(picture), float(random.uniform(0.4, 1.2)))
    noise = 10 ** random.uniform(-3, -1.3)
    noisy: np.ndarray = np.hypot(
        values + noise * random.normal(size=values.shape), noise * random.normal(size=values.shape)
    )
    return noisy.astype(np.float32)


def _blurred(values: np.ndarray, radius: float) -> np.ndarray:
    step = max(1, int(radius / 2))
    done = gaussian_filter(values[::step, ::step], radius / step, mode="reflect")
    if step > 1:
        back = Image.fromarray(done).resize(
            (values.shape[1], values.shape[0]), Image.Resampling.BICUBIC
        )
        done = np.asarray(back)
    return np.array(done, dtype=np.float32)


def _draw_shape(draw: ImageDraw.ImageDraw, random: np.random.Generator, size: int) -> None:
    x, y = random.uniform(0, size, 2)
    a, b = size * 10 ** random.uniform(-2, -0.2, 2)
    value = float(random.random() ** 1.5)
    box = (x - a, y - b, x + a, y + b)
    kind = random.random()
    if kind < 0.5:
        draw.ellipse(box, fill=value)
    elif kind < 0.65:
        draw.rounded_rectangle(box, radius=min(a, b) * 0.6, fill=value)
    elif kind < 0.85:
        start = random.uniform(0, 360)
        draw.arc(
            box, start, start + random.uniform(30, 300), fill=value, width=1 + int(min(a, b) / 8)
        )
    else:
        points = [
            (x + a * np.cos(t) * random.uniform(0.5, 1), y + b * np.sin(t) * random.uniform(0.5, 1))
            for t in np.linspace(0, 2 * np.pi, 9)
        ]
        draw.polygon([(float(p), float(q)) for p, q in points], fill=value)


def _draw_chain(draw: ImageDraw.ImageDraw, random: np.random.Generator, size: int) -> None:
    """Draw rings or blobs in a row, as sections of ribs, joints and vessels stand."""
    x, y = random.uniform(0, size, 2)
    angle = float(random.choice((0.0, 90.0, random.uniform(0, 360)))) + random.normal() * 8
    a, b = 10 ** random.uniform(0.3, 1.2, 2)
    step = 2 * max(a, b) * random.uniform(0.9, 2.2)
    rim, core = random.random(2) * random.uniform(0.3, 1.0)
    for _ in range(int(random.integers(3, 14))):
        p, q = a * random.uniform(0.8, 1.2), b * random.uniform(0.8, 1.2)
        draw.ellipse((x - p, y - q, x + p, y + q), fill=float(rim))
        if p > 2 and q > 2:  # pixels
            inner = random.uniform(0.3, 0.8)
            draw.ellipse(
                (x - p * inner, y - q * inner, x + p * inner, y + q * inner), fill=float(core)
            )
        x += step * np.cos(np.deg2rad(angle))
        y += step * np.sin(np.deg2rad(angle))
        angle += random.normal() * 4


def _draw_column(draw: ImageDraw.ImageDraw, random: np.random.Generator, size: int) -> None:
    x, width = random.uniform(0.2, 0.8) * size, size * random.uniform(0.01, 0.12)
    height, gap = width * random.uniform(0.4, 1.3), width * random.uniform(0.1, 0.4)
    body, disc = float(random.random()), float(random.random())
    y, drift = -height, random.uniform(-0.15, 0.15)
    across = random.random() < 0.3
    while y < size:
        for top, bottom, value in ((y, y + height, body), (y + height, y + height + gap, disc)):
            box = (x - width, top, x + width, bottom)
            if across:
                box = (top, x - width, bottom, x + width)
            draw.rounded_rectangle(box, radius=min(width, bottom - top) * 0.25, fill=value)
        y += height + gap
        x += drift * height + random.normal() * width * 0.03
