"""What outside validators say: dciodvfy, dcentvfy (dicom3tools) and dsrdump (dcmtk).

Their messages quote values; only tags, keywords and the fixed words of a message are kept. An error
counts only when the originals of the same SOP Class do not have it too.
"""

from __future__ import annotations

import hashlib
import json
import re
import subprocess
import sys
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from importlib import metadata
from importlib.util import find_spec
from itertools import islice, takewhile
from pathlib import Path
from shutil import which
from typing import Any, Final, TypeVar

from casepack.model import Finding, Progress, no_progress
from casepack.verify.findings.findings import make_finding
from casepack.verify.holdings import Holding, Holdings
from casepack.verify.identifiers.vocabulary import ordinary_words

TOOLS: Final = ("dciodvfy", "dcentvfy", "dsrdump")
PROGRAMS: Final = 4
"""How many run at a time: each is quick, and waits for the disk."""
CRATE_VALIDATOR: Final = "roc-validator"
TEXT_DETECTOR: Final = "onnxruntime"
LEFT_TO_VALIDATE: Final = frozenset({CRATE_VALIDATOR, TEXT_DETECTOR})
"""What takes long and tells nothing new of what casepack itself has just made."""
PACKAGE_TOOLS: Final = {
    CRATE_VALIDATOR: ("rocrate_validator", "rocrate"),
    "datacite": ("datacite",),
}
"""Modules of the validators of packages: of the first, its rules, and the context it asks for."""
_MODULES: Final = {**PACKAGE_TOOLS, TEXT_DETECTOR: (TEXT_DETECTOR,)}
_SECONDS: Final = 60
_MOST_SAID: Final = 1 << 16
_MOST_COMPARED: Final = 500
_CRATE: Final = "data/ro-crate-metadata.json"
Said = TypeVar("Said")
_SR_CLASSES: Final = "1.2.840.10008.5.1.4.1.1.88."
_LINE: Final = re.compile(rb"^Error - (?:</(?P<path>[^>]*)> - )?(?P<text>.*)$", re.MULTILINE)
_ENTITY: Final = re.compile(rb"Element=<([A-Za-z0-9]{2,64})> IE=<([A-Za-z ]{2,32})>")
_TAG: Final = re.compile(r"\(([0-9a-fA-F]{4}),([0-9a-fA-F]{4})(?:,\"[^\"]*\")?\)(?:\[(\d+)\])?")
_TYPE: Final = re.compile(r"[12]C?|3")
_MOST_WORDS: Final = 12
_VALIDATOR_WORDS: Final = frozenset(
    {
        *("conditional", "optional", "mandatory", "required", "unrecognized", "unsatisfied"),
        *("satisfied", "dubious", "deprecated", "retired", "permitted", "illegal", "invalid"),
        *("enumerated", "defined", "multiplicity", "zero", "nonzero", "mismatch", "inconsistent"),
    }
)
"""Words of dciodvfy's messages that are not ordinary ones."""
_ENHANCED_MR: Final = frozenset({"1.2.840.10008.5.1.4.1.1.4.1", "1.2.840.10008.5.1.4.1.1.4.3"})
"""Enhanced MR Image Storage and Enhanced MR Color Image Storage."""
_NOT_WHEN_DERIVED: Final = "Attribute present when condition unsatisfied"
_MR_PULSE_SEQUENCE: Final = frozenset(
    f"(0018,{element})"
    for element in (
        *("0023", "9005", "9008", "9011", "9012", "9014", "9015", "9017", "9018", "9024", "9025"),
        *("9029", "9032", "9033", "9034", "9093", "9094", "9250"),
    )
)
"""Of the MR Pulse Sequence Module (PS3.3 Table C.8-87): they may be present in derived images.
dicom3tools follows an edition in which they could not."""
_VALUES: Final = re.compile(r"<[^>]*>?|\(.*|=.*|\"[^\"]*\"?|'[^']*'?")


def available_tools() -> dict[str, str]:
    """Return the outside programs that are installed, and the Python packages that check."""
    found = {name: which(name) for name in TOOLS}
    packages = {name: name for name, modules in _MODULES.items() if all(map(find_spec, modules))}
    return {name: path for name, path in found.items() if path} | packages


def tool_versions(tools: Iterable[str]) -> dict[str, str]:
    """Return what each program says its version is."""
    versions: dict[str, str] = {}
    for name in sorted(tools):
        if name in _MODULES:
            versions[name] = metadata.version(name)
            continue
        option = "--version" if name == "dsrdump" else "-version"
        try:
            done = subprocess.run(
                [name, option], capture_output=True, timeout=_SECONDS, check=False
            )
        except (OSError, subprocess.TimeoutExpired):
            continue
        match = re.search(rb"v?(\d+\.\d+(?:[.~\d]*\d)?)", done.stdout + done.stderr)
        versions[name] = match[1].decode() if match else "installed"
    return versions


def read_iod_errors(path: Path) -> list[tuple[str, str]]:
    """Run dciodvfy; return (message without values, tag path) for each error.

    Raises
    ------
    OSError, subprocess.TimeoutExpired
        The program could not be run, or did not finish.
    """
    done = subprocess.run(
        ["dciodvfy", "-new", str(path)], capture_output=True, timeout=_SECONDS, check=False
    )
    return [_clean(match) for match in _LINE.finditer(done.stderr)]


def _clean(match: re.Match[bytes]) -> tuple[str, str]:
    """Keep the tags of the path and the fixed words of the message: the rest may be values."""
    path = (match["path"] or b"").decode("ascii", "replace")
    place = ".".join(
        f"({group},{element})".upper() + (f"[{int(item) - 1}]" if item and later else "")
        for group, element, item, later in _with_later(_TAG.findall(path))
    )
    text = match["text"].decode("ascii", "replace")
    words = _VALUES.sub("", text).split()[:_MOST_WORDS]
    kept = list(takewhile(_is_fixed, words))
    return " ".join(kept) or "Error", place


def _is_fixed(word: str) -> bool:
    """Tell whether a word of a message is the validator's own, and not a value."""
    known = word.lower() in ordinary_words() or word.lower() in _VALIDATOR_WORDS
    return known or _TYPE.fullmatch(word) is not None


def _with_later(tags: list[tuple[str, str, str]]) -> Iterator[tuple[str, str, str, bool]]:
    for index, (group, element, item) in enumerate(tags):
        yield group, element, item, index + 1 < len(tags)


def check_iods(
    holdings: Sequence[Holding],
    originals: dict[str, list[Path]],
    *,
    programs: int = PROGRAMS,
    progress: Progress = no_progress,
) -> Iterator[Finding]:
    """Run dciodvfy on every file; yield the errors that no original of its SOP Class has.

    Parameters
    ----------
    holdings
        The files to check.
    originals
        Original files by SOP Class UID; empty when there are none at hand.
    programs
        How many run at a time.
    """
    with ThreadPoolExecutor(programs) as pool:
        known = _KnownErrors(originals, pool, programs)
        results = pool.map(_try_iod, [holding.path for holding in holdings])
        for number, (holding, errors) in enumerate(zip(holdings, results, strict=True), 1):
            progress("conformance", number, len(holdings))
            if errors is None:
                yield make_finding("tool-failed", file=holding.name, place="dciodvfy")
                continue
            sop_class = holding.sop_class_uid
            for error in errors:
                if not _is_false(error, sop_class) and not known.hold(sop_class, error):
                    message, place = error
                    yield make_finding("iod-error", file=holding.name, place=f"{place} {message}")


def _is_false(error: tuple[str, str], sop_class_uid: str) -> bool:
    """Tell whether dciodvfy is known to be wrong."""
    message, place = error
    return (
        sop_class_uid in _ENHANCED_MR
        and message == _NOT_WHEN_DERIVED
        and place in _MR_PULSE_SEQUENCE
    )


class _KnownErrors:
    """The errors that originals have; few are asked, for a series mostly has the same ones."""

    def __init__(
        self, originals: Mapping[str, Iterable[Path]], pool: ThreadPoolExecutor, programs: int
    ) -> None:
        self._left = {sop_class: iter(paths) for sop_class, paths in originals.items()}
        self._known: defaultdict[str, set[tuple[str, str]]] = defaultdict(set)
        self._pool = pool
        self._programs = programs

    def hold(self, sop_class: str, error: tuple[str, str]) -> bool:
        """Tell whether any original of the SOP Class has the error."""
        wanted, known = _without_items(error), self._known[sop_class]
        while wanted not in known:
            asked = list(islice(self._left.get(sop_class, ()), self._programs))
            if not asked:
                return False
            for errors in self._pool.map(_try_iod, asked):
                known.update(map(_without_items, errors or ()))
        return True


def _without_items(error: tuple[str, str]) -> tuple[str, str]:
    return error[0], re.sub(r"\[\d+\]", "", error[1])


def _try_iod(path: Path) -> list[tuple[str, str]] | None:
    try:
        return _remember("dciodvfy", (path,), lambda: read_iod_errors(path))
    except (OSError, subprocess.TimeoutExpired):
        return None


_said: dict[tuple[str, bytes], Any] = {}


def _remember(tool: str, paths: Sequence[Path], run: Callable[[], Said]) -> Said:
    """Return what a program says of the content of files; it is asked once for the same content.

    A case is verified three times while it is packed, mostly the same bytes at other places.

    Raises
    ------
    OSError
        A file cannot be read.
    """
    digests = sorted(map(_digest, paths))
    key = (tool, b"".join(digests))
    if key not in _said:
        said = run()
        if len(_said) >= _MOST_SAID:
            _said.clear()
        _said[key] = said
    found: Said = _said[key]
    return found


def _digest(path: Path) -> bytes:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").digest()


def check_entities(
    holdings: Holdings, originals: Sequence[Sequence[Path]] = ()
) -> Iterator[Finding]:
    """Run dcentvfy on each Study; yield the disagreements that no original Study has.

    Parameters
    ----------
    originals
        Original files by Study; empty when there are none at hand.
    """
    studies: defaultdict[str, list[Holding]] = defaultdict(list)
    for holding in holdings.dicom:
        studies[holding.text(0x0020000D)].append(holding)
    known: set[str] | None = None
    for study in studies.values():
        # files of a Series side by side, in the same order wherever they lie
        study.sort(key=lambda holding: (holding.text(0x0020000E), holding.sop_instance_uid))
        places = _disagreements([holding.path for holding in study])
        if places is None:
            yield make_finding("tool-failed", place="dcentvfy")
            continue
        if places and known is None:
            known = {place for paths in originals for place in _disagreements(paths) or ()}
        # originals that disagree about the patient are not looked at further by dcentvfy, so
        # what else they disagree about cannot be told apart from what is new
        if known is not None and "" not in known:
            yield from (
                make_finding("entity-error", place=one) for one in places if one not in known
            )


def _disagreements(paths: Sequence[Path]) -> list[str] | None:
    """Return what dcentvfy says of the files of one Study; None if it cannot be run.

    Its time grows with the square of the number of files. Of many, some at a time are compared, and
    the last of these with the next: what agrees with the same file agrees.
    """
    found: list[str] = []
    for start in range(0, max(1, len(paths) - 1), _MOST_COMPARED - 1):
        some = paths[start : start + _MOST_COMPARED]
        try:
            found += _remember("dcentvfy", some, partial(_read_disagreements, some))
        except (OSError, subprocess.TimeoutExpired):
            return None
    return list(dict.fromkeys(found))


def _read_disagreements(paths: Sequence[Path]) -> list[str]:
    done = subprocess.run(
        ["dcentvfy", *(str(path) for path in paths)],
        capture_output=True,
        timeout=_SECONDS * 10,
        check=False,
    )
    return list(dict.fromkeys(_entity_places(done.stderr)))


def _entity_places(stderr: bytes) -> Iterator[str]:
    """Yield keyword and Information Entity of each error; the rest of the line holds values."""
    for line in stderr.splitlines():
        if line.startswith(b"Error"):
            match = _ENTITY.search(line)
            yield f"{match[1].decode()} of the {match[2].decode()}" if match else ""


def check_crate_profile(payload: Path) -> Iterator[Finding]:
    """Run rocrate-validator, without the network; yield the required rules that are broken."""
    try:
        done = subprocess.run(
            [sys.executable, "-m", "casepack.verify.packaged.crate_validator", str(payload)],
            capture_output=True,
            timeout=_SECONDS * 10,
            check=True,
        )
        broken = json.loads(done.stdout)
    except (OSError, ValueError, subprocess.SubprocessError):
        yield make_finding("tool-failed", place=CRATE_VALIDATOR)
        return
    for identifier, name in broken:
        yield make_finding("crate-profile", file=_CRATE, place=f"{identifier} {name}")


def check_documents(holdings: Holdings) -> Iterator[Finding]:
    """Run dsrdump on each Structured Report and Key Object Selection."""
    for holding in holdings.dicom:
        if not holding.sop_class_uid.startswith(_SR_CLASSES):
            continue
        try:
            is_read = _remember("dsrdump", (holding.path,), partial(_reads_tree, holding.path))
        except (OSError, subprocess.TimeoutExpired):
            yield make_finding("tool-failed", file=holding.name, place="dsrdump")
            continue
        if not is_read:
            yield make_finding("sr-tree", file=holding.name, place="(0040,A730)")


def _reads_tree(path: Path) -> bool:
    done = subprocess.run(
        ["dsrdump", "-q", str(path)], capture_output=True, timeout=_SECONDS, check=False
    )
    return done.returncode == 0
