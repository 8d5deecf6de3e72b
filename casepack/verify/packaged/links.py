"""Whether the links of a package's pages resolve, and nothing is loaded from the network."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Final
from urllib.parse import unquote, urlsplit

from casepack.model import Finding
from casepack.verify.findings.findings import make_finding
from casepack.verify.holdings import relative_name
from casepack.verify.packaged.documents import is_inside

PAGES: Final = ("index.html", "ro-crate-preview.html", "deid/report.html")
_TEXTS: Final = ("case.md", "export/eurorad.md", "README.txt")
_LARGEST_PAGE: Final = 64 << 20
_LOADED: Final = {
    ("img", "src"), ("script", "src"), ("link", "href"), ("iframe", "src"), ("source", "src"),
    ("video", "src"), ("video", "poster"), ("object", "data"), ("embed", "src"), ("image", "href"),
    ("input", "src"), ("audio", "src"), ("track", "src"), ("frame", "src"), ("use", "href"),
    ("form", "action"), ("button", "formaction"), ("input", "formaction"), ("base", "href"),
    ("a", "ping"), ("body", "background"),
}  # fmt: skip
"""What a browser asks for by itself, or sends to, or looks everything else up by."""
_LINKING: Final = frozenset({name for _, name in _LOADED} | {"src", "href"})
_SETS: Final = frozenset({"srcset", "imagesrcset"})
_PATH_IN_SCRIPT: Final = re.compile(
    r"\"((?:preview|figures|dicom|deid|doi|annotations|export)/[^\"\\\s<>]+\.\w{2,5})\""
)
_ASKED_BY_SCRIPT: Final = re.compile(
    r"\b(?:fetch|WebSocket|EventSource|sendBeacon|importScripts|import)\s*\(\s*[\"'`](?:\w+:)?//"
    r"|\.open\(\s*[\"'`]\w+[\"'`]\s*,\s*[\"'`](?:\w+:)?//"
    r"|\b(?:import|from)\s+[\"'](?:\w+:)?//"
)
_STYLE: Final = re.compile(r"url\(\s*[\"']?([^\"')]+)|@import\s+[\"']([^\"']+)", re.IGNORECASE)
_REFRESH: Final = re.compile(r"url\s*=\s*[\"']?([^\"';]+)", re.IGNORECASE)
_MARKDOWN: Final = re.compile(r"\]\(<?([^)\s>]+)")


class _Links(HTMLParser):
    """Collects links and ids of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.links: list[tuple[str, bool, int]] = []
        """Target, loaded with the page, line."""
        self.ids: set[str] = set()
        self._inside = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Take the links of an element."""
        self._inside = tag if tag in {"style", "script"} else ""
        for name, value in attrs:
            if value:
                self._take(tag, name.removeprefix("xlink:"), value)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Take the links of an element without content."""
        self.handle_starttag(tag, attrs)
        self._inside = ""

    def handle_endtag(self, _: str) -> None:
        """End a style or a script."""
        self._inside = ""

    def handle_data(self, data: str) -> None:
        """Take the links of a style, and what a script asks the network for."""
        if self._inside == "style":
            self._take_style(data)
        elif self._inside == "script":
            line = self.getpos()[0]
            for match in _ASKED_BY_SCRIPT.finditer(data):
                number = line + data.count("\n", 0, match.start())
                self.links.append(("https://", True, number))

    def _take(self, tag: str, name: str, value: str) -> None:
        line = self.getpos()[0]
        if name in {"id", "name"}:
            self.ids.add(value)
        elif name in _LINKING:
            self.links.append((value.strip(), (tag, name) in _LOADED, line))
        elif name in _SETS:
            for one in value.split(","):
                self.links += [(target, True, line) for target in one.split()[:1]]
        elif name == "style":
            self._take_style(value)
        elif (tag, name) == ("meta", "content"):
            self.links += [(match[1].strip(), True, line) for match in _REFRESH.finditer(value)]

    def _take_style(self, text: str) -> None:
        line = self.getpos()[0]
        for match in _STYLE.finditer(text):
            number = line + text.count("\n", 0, match.start())
            self.links.append(((match[1] or match[2]).strip(), True, number))


def check_pages(payload: Path, root: Path) -> Iterator[Finding]:
    """Check that every link of a page resolves and that nothing is loaded from the network."""
    prefix = relative_name(payload, root)
    for name in (*PAGES, *_TEXTS):
        path = payload / name
        if not path.is_file() or path.stat().st_size > _LARGEST_PAGE:
            continue
        text = path.read_text("utf-8", errors="replace")
        check = _check_page if name in PAGES else _check_text
        for code, line in check(payload, path.parent, text):
            yield make_finding(code, file=f"{prefix}/{name}", place=f"line {line}")


def _check_page(payload: Path, folder: Path, text: str) -> Iterator[tuple[str, int]]:
    parser = _Links()
    parser.feed(text)
    parser.close()
    for target, loaded, line in parser.links:
        if not loaded and target.startswith("#"):
            if target != "#" and unquote(target[1:]) not in parser.ids:
                yield "link-broken", line
        else:
            code = _check_link(payload, folder, target, loaded=loaded)
            if code:
                yield code, line
    for match in _PATH_IN_SCRIPT.finditer(text):
        if not is_inside(payload, match[1]):
            yield "link-broken", text.count("\n", 0, match.start()) + 1


def _check_text(payload: Path, folder: Path, text: str) -> Iterator[tuple[str, int]]:
    """Check the links of a text in Markdown."""
    for match in _MARKDOWN.finditer(text):
        if not match[1].startswith("#") and _check_link(payload, folder, match[1], loaded=False):
            yield "link-broken", text.count("\n", 0, match.start()) + 1


def _check_link(payload: Path, folder: Path, target: str, *, loaded: bool) -> str:
    """Return the code of what is wrong with a link to somewhere else; empty if nothing is."""
    try:
        parts = urlsplit(target)
    except ValueError:
        return "link-broken"
    if parts.scheme in {"http", "https"} or parts.netloc:
        return "link-external" if loaded else ""
    if parts.scheme or not parts.path:
        return ""
    return "" if _resolves(payload, folder, unquote(parts.path)) else "link-broken"


def _resolves(payload: Path, folder: Path, target: str) -> bool:
    try:
        path = (folder / target).resolve()
        return path.is_relative_to(payload.resolve()) and path.exists()
    except (OSError, ValueError):
        return False
