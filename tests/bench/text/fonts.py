"""Fonts by script, those to train with apart from those to evaluate with; all from Debian.

Training: fonts-dejavu, fonts-liberation, fonts-noto-core, fonts-noto-cjk, fonts-hack,
fonts-inconsolata, xfonts-base, hershey-fonts-data. Evaluation: fonts-freefont-ttf,
fonts-roboto-unhinted, fonts-open-sans, fonts-lato, fonts-urw-base35, fonts-cantarell,
fonts-comic-neue, fonts-linuxlibertine, fonts-paratype, fonts-unifont, fonts-wqy-microhei,
fonts-wqy-zenhei, fonts-ipafont-gothic, fonts-nanum, fonts-hosny-amiri, fonts-kacst,
fonts-arabeyes, culmus, fonts-thai-tlwg, fonts-lohit-deva, hershey-fonts-data (other faces).
No family is in both.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

_ROOT = Path("/usr/share/fonts")
_HERSHEY = Path("/usr/share/hershey-fonts")

_ALPHABETS = ("latin", "cyrillic", "greek")
TRAINING = {
    "latin": (
        "truetype/dejavu/DejaVu*.ttf",
        "truetype/liberation*/Liberation*.ttf",
        "truetype/noto/NotoSans-*.ttf",
        "truetype/noto/NotoSerif-*.ttf",
        "truetype/noto/NotoSansMono-*.ttf",
        "truetype/hack/*.ttf",
        "truetype/inconsolata/*.otf",
    ),
    "cyrillic": ("truetype/dejavu/DejaVuS*.ttf", "truetype/liberation*/Liberation*.ttf"),
    "greek": ("truetype/dejavu/DejaVuS*.ttf", "truetype/liberation*/Liberation*.ttf"),
    "cjk": ("opentype/noto/Noto*CJK-*.ttc",),
    "hangul": ("opentype/noto/Noto*CJK-*.ttc",),
    "arabic": (
        "truetype/noto/NotoSansArabic-*.ttf",
        "truetype/noto/NotoNaskhArabic-*.ttf",
        "truetype/noto/NotoKufiArabic-*.ttf",
        "truetype/dejavu/DejaVuSans.ttf",
        "truetype/dejavu/DejaVuSans-Bold.ttf",
    ),
    "hebrew": ("truetype/noto/Noto*Hebrew-*.ttf",),
    "thai": ("truetype/noto/Noto*Thai-*.ttf",),
    "devanagari": ("truetype/noto/Noto*Devanagari-*.ttf",),
    "bitmap": ("X11/misc/*.pcf.gz",),
    "strokes": ("futural", "futuram", "rowmans", "rowmand", "cyrillic", "scripts"),
}
EVALUATION = {
    "latin": (
        "truetype/freefont/*.ttf",
        "truetype/roboto/unhinted/RobotoTTF/Roboto-*.ttf",
        "truetype/open-sans/*.ttf",
        "truetype/lato/Lato-[BMRS]*.ttf",
        "opentype/urw-base35/Nimbus*.otf",
        "opentype/urw-base35/P052*.otf",
        "opentype/cantarell/Cantarell-[BR]*.otf",
        "opentype/comic-neue/*.otf",
        "opentype/linux-libertine/Lin*_R*.otf",
        "truetype/paratype/PT*.ttf",
        "opentype/unifont/unifont.otf",
    ),
    "cyrillic": ("truetype/freefont/*.ttf", "truetype/paratype/PT*.ttf"),
    "greek": ("truetype/freefont/*.ttf",),
    "cjk": ("truetype/wqy/*.ttc", "opentype/ipafont-gothic/ipa*.ttf"),
    "hangul": ("truetype/nanum/*.ttf",),
    "arabic": (
        "opentype/fonts-hosny-amiri/Amiri-[BR]*.ttf",
        "truetype/kacst/Kacst[BNOST]*.ttf",
        "truetype/fonts-arabeyes/ae_AlArabiya.ttf",
        "truetype/fonts-arabeyes/ae_Cortoba.ttf",
    ),
    "hebrew": (
        "truetype/culmus/[DFHMN]*CLM-[BMLR]*.*",
        "truetype/freefont/FreeSans.ttf",
    ),
    "thai": ("opentype/tlwg/[GLNP]*.otf", "truetype/tlwg/[GLNP]*.ttf"),
    "devanagari": ("truetype/lohit-devanagari/*.ttf",),
    "bitmap": ("opentype/unifont/unifont.otf",),
    "strokes": ("timesr", "timesrb", "rowmant", "cursive"),
}
_SIZES = {"X11": {"5x7", "5x8", "6x10", "6x12", "6x13", "7x13", "7x14", "8x13", "9x15", "9x18"}}


@lru_cache
def font_files(split: str, script: str) -> tuple[str, ...]:
    """The files of the fonts of a script, in order; names for stroke fonts."""
    patterns = (TRAINING if split == "training" else EVALUATION)[script]
    if script == "strokes":
        return patterns
    files = [str(path) for pattern in patterns for path in sorted(_ROOT.glob(pattern))]
    if script == "bitmap" and split == "training":
        files = [path for path in files if Path(path).name.removesuffix(".pcf.gz") in _SIZES["X11"]]
    if not files:
        raise FileNotFoundError(f"no fonts for {script}: install the Debian packages")
    return tuple(files)


@lru_cache(maxsize=2048)
def _font(path: str, size: int, face: int) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(path, size, index=face, layout_engine=ImageFont.Layout.RAQM)


def draw_outlines(path: str, size: int, text: str, *, smooth: bool, bold: int = 0) -> Image.Image:
    """Draw text in a font file; a picture of mode L, larger than the ink."""
    bitmap, native = path.endswith(".pcf.gz"), size
    if bitmap:
        # a bitmap font has one size, and is magnified in whole steps
        name = Path(path).name.removesuffix(".pcf.gz")
        native = int(name.split("x")[1])
        font, bold = _font(path, native, 0), 0
    else:
        font = _font(path, size, 0)
    left, top, right, bottom = font.getbbox(text, stroke_width=bold)
    picture = Image.new("L", (int(right - left) + 4, int(bottom - top) + 4))
    draw = ImageDraw.Draw(picture)
    draw.fontmode = "L" if smooth and not bitmap else "1"
    draw.text((2 - left, 2 - top), text, fill=255, font=font, stroke_width=bold)
    times = max(1, round(size / (native * 1.1))) if bitmap else 1
    if times > 1:
        picture = picture.resize(
            (picture.width * times, picture.height * times), Image.Resampling.NEAREST
        )
    return picture


@lru_cache
def _strokes(name: str) -> tuple[tuple[float, tuple[tuple[tuple[float, float], ...], ...]], ...]:
    """Glyphs 32 to 127 of a Hershey font: width and polylines, capitals 21 units high."""
    text = (_HERSHEY / f"{name}.jhf").read_text("latin-1").replace("\r", "")
    glyphs = []
    at = 0
    while at + 8 < len(text):
        if text[at] == "\n":
            at += 1
            continue
        count = int(text[at + 5 : at + 8])
        body = ""
        at += 8
        while len(body) < 2 * count:
            if text[at] != "\n":
                body += text[at]
            at += 1
        pairs = [(ord(body[i]) - 82, ord(body[i + 1]) - 82) for i in range(0, len(body), 2)]
        left, right = pairs[0]
        lines: list[list[tuple[float, float]]] = [[]]
        for (x, y), raw in zip(
            pairs[1:], (body[i : i + 2] for i in range(2, len(body), 2)), strict=True
        ):
            if raw == " R":
                lines.append([])
            else:
                lines[-1].append((float(x - left), float(y)))
        glyphs.append((float(right - left), tuple(tuple(line) for line in lines)))
    return tuple(glyphs)


def draw_strokes(name: str, size: int, text: str, *, smooth: bool, width: int) -> Image.Image:
    """Draw text as a plotter would; mode L."""
    glyphs, scale, times = _strokes(name), size / 28, 3 if smooth else 1
    advance = sum(glyphs[ord(c) - 32][0] for c in text if 0 <= ord(c) - 32 < len(glyphs)) * scale
    picture = Image.new("L", (times * (int(advance) + 12), times * (int(size * 1.6) + 12)))
    draw, x, middle = ImageDraw.Draw(picture), 6.0, size * 0.8 + 6
    for character in text:
        index = ord(character) - 32
        if not 0 <= index < len(glyphs):
            continue
        glyph = glyphs[index]
        for line in glyph[1]:
            points = [(times * (x + a * scale), times * (middle + b * scale)) for a, b in line]
            if len(points) > 1:
                draw.line(points, fill=255, width=times * width)
        x += glyph[0] * scale
    return picture.reduce(times) if times > 1 else picture


def ink_of(picture: Image.Image) -> np.ndarray | None:
    """The ink, 0 to 1, cut to what is drawn; None when nothing is."""
    box = picture.point(lambda value: 255 if value > 40 else 0).getbbox()
    return None if box is None else np.asarray(picture.crop(box), dtype=np.float32) / 255
