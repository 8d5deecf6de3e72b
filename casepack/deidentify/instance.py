"""One file in, one file out: the boundary at which nothing of the input leaks into an error."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Final

import casepack
from casepack.deidentify.actions import Context
from casepack.deidentify.dataset import DataSetDeidentifier, Extent, Output
from casepack.deidentify.elements import Applied
from casepack.deidentify.graphics import refuse_overlay_shutter
from casepack.deidentify.pixels.looks import CLAIMED_BY_IMAGE, Look
from casepack.deidentify.plan import Plan, compile_plan, refuse_held_class
from casepack.encoding import Encoding, encode_element, encode_sequence
from casepack.errors import InstanceHeld, TargetError
from casepack.model import Instance, Option, PixelChange, Reason
from casepack.part_ten import DEFLATED, PartTen, deflate, encode_part_ten, open_part_ten
from casepack.recipe import Recipe
from casepack.standard.codes import method_codes
from casepack.standard.profile import EDITION, is_overlay_or_curve
from casepack.standard.uids import IMPLEMENTATION_CLASS_UID

if TYPE_CHECKING:
    from casepack.deidentify.cleaner import CleanedText

_UID: Final = re.compile(r"(?=.{1,64}$)[0-9]+(?:\.[0-9]+)*")
_CHUNK: Final = 8 << 20
_SPECIFIC_CHARACTER_SET: Final = 0x00080005
_BURNED_IN_ANNOTATION: Final = 0x00280301
_RECOGNIZABLE_VISUAL_FEATURES: Final = 0x00280302
_OVERLAYS: Final = 0x60
_OVERLAY_ROWS: Final = 0x0010
_OVERLAY_DATA: Final = 0x3000
_PIXEL_DATA: Final = 0x7FE00010
_ABSENT: Final = {
    _BURNED_IN_ANNOTATION: Option.CLEAN_PIXEL_DATA,
    _RECOGNIZABLE_VISUAL_FEATURES: Option.CLEAN_RECOGNIZABLE_VISUAL_FEATURES,
}
"""What is NO when an Option was carried out."""
_NOTHING: Final[frozenset[Option]] = frozenset()
_TEXT_LIMIT: Final = 64
_MAX_SEEN: Final = 1000
SOFTWARE: Final = f"casepack {casepack.__version__}"
_VERSION_NAME: Final = f"CASEPACK_{casepack.__version__}".replace(".", "_")[:16]


@dataclass(frozen=True, slots=True, kw_only=True)
class Placed:
    """A de-identified instance, and the new UIDs of what it belongs to."""

    instance: Instance
    study_instance_uid: str
    series_instance_uid: str
    date: str
    time: str
    modality: str
    change: PixelChange | None = None
    """What became of the Pixel Data; None where they are those of the original."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Totals:
    """Actions applied, by SOP Class and Attribute; original and new UIDs; texts cleaned."""

    applied: Counter[tuple[str, Applied]]
    uids: dict[str, str] = field(repr=False)
    texts: frozenset[CleanedText] = field(repr=False, default=frozenset())


@dataclass(slots=True, kw_only=True)
class InstanceDeidentifier:
    """De-identifies files of one patient; keeps a `DataSetDeidentifier` for each kind of Data Set.

    Not frozen: it remembers. One in each process.
    """

    recipe: Recipe
    context: Context
    root: Path
    remember: bool = True
    looks: Mapping[Path, Look] | None = field(repr=False, default=None)
    """What is to be done with the pixels of each file; None where they are not examined."""
    _known: dict[
        tuple[str, Encoding, frozenset[str], bytes, frozenset[Option]], DataSetDeidentifier
    ] = field(default_factory=dict)
    _seen: dict[
        tuple[str, Encoding, frozenset[int], bytes, frozenset[Option]], DataSetDeidentifier
    ] = field(default_factory=dict)
    """Look-up by the tags of a Data Set; emptied when Data Sets differ without end."""

    def deidentify(self, instance: Instance) -> Placed:
        """Write the de-identified file below ``root/<patient>/<study>/<series>/``.

        Raises
        ------
        InstanceHeld
            The file is held; its `Reason` is all that is said about it.
        TargetError
            The result cannot be written.
        """
        refuse_held_class(instance.sop_class_uid, self.recipe.options)
        look = self.looks[instance.path] if self.looks is not None else None
        if look is not None and look.reason is not None:
            raise InstanceHeld(look.reason)
        with open_part_ten(instance.path) as file:
            if look is None:
                _refuse_suspicious(file, self.recipe)
            claims = look.claims if look is not None else _NOTHING
            deidentifier = self._deidentifier(instance.sop_class_uid, file, claims)
            output = deidentifier.deidentify(file.buffer, file.layout)
            change = None
            if look is not None and look.changes:
                # only a run that looks at pixels waits for numpy
                from casepack.deidentify.pixels.rewrite import cover_output  # noqa: PLC0415

                options = deidentifier.plan.options
                output, syntax, change = cover_output(file, output, look, options)
                instance = replace(instance, transfer_syntax_uid=syntax)
            placed = self._place(instance, _values(file, output))
            write_part_ten(placed.instance, file, output)
        return placed if change is None else replace(placed, change=change)

    def _deidentifier(
        self, sop_class_uid: str, file: PartTen, claims: frozenset[Option]
    ) -> DataSetDeidentifier:
        tags = frozenset(file.layout.places)
        if len(tags) != len(file.elements):
            raise InstanceHeld(Reason.MALFORMED)
        character_set = file.value(_SPECIFIC_CHARACTER_SET) or b""
        kind = (sop_class_uid, file.encoding, tags, character_set, claims)
        found = self._seen.get(kind)
        if found is None:
            refuse_overlay_shutter(tags)
            plan = compile_plan(sop_class_uid, self.recipe, tags)
            found = self._known.setdefault(
                (sop_class_uid, file.encoding, plan.present, character_set, claims),
                self._new(plan, file.encoding, character_set, claims),
            )
            if len(self._seen) >= _MAX_SEEN:
                self._seen.clear()
            self._seen[kind] = found
        return found

    def _new(
        self, plan: Plan, encoding: Encoding, character_set: bytes, claims: frozenset[Option]
    ) -> DataSetDeidentifier:
        # claimed where they are true of this image, and nowhere else
        options = plan.options - (CLAIMED_BY_IMAGE - claims)
        return DataSetDeidentifier(
            plan,
            self.context,
            encoding,
            deidentification_stamps(self.recipe, options, encoding),
            character_set=character_set,
            remember=self.remember,
        )

    def _place(self, instance: Instance, values: dict[int, str]) -> Placed:
        study, series, uid = (values.get(tag, "") for tag in (0x0020000D, 0x0020000E, 0x00080018))
        if not all(_UID.fullmatch(part) for part in (study, series, uid)):
            # with Retain UIDs the originals are file names: no `..`, nothing but a UID
            raise InstanceHeld(Reason.NO_UID)
        folder = self.root / self.context.patient_code / study / series
        return Placed(
            instance=Instance(
                path=folder / f"{uid}.dcm",
                sop_class_uid=instance.sop_class_uid,
                sop_instance_uid=uid,
                transfer_syntax_uid=instance.transfer_syntax_uid,
                number=instance.number,
                frames=instance.frames,
            ),
            study_instance_uid=study,
            series_instance_uid=series,
            date=values.get(0x00080020, ""),
            time=values.get(0x00080030, ""),
            modality=values.get(0x00080060, ""),
        )

    def take_totals(self) -> Totals:
        """Return what was done since the last call, and start counting anew."""
        applied: Counter[tuple[str, Applied]] = Counter()
        uids: dict[str, str] = {}
        texts: set[CleanedText] = set()
        for deidentifier in self._known.values():
            counts, new_uids = deidentifier.take_totals()
            for done, count in counts.items():
                applied[deidentifier.plan.sop_class_uid, done] += count
            uids.update(new_uids)
            texts |= deidentifier.take_texts()
        return Totals(applied=applied, uids=uids, texts=frozenset(texts))


def _refuse_suspicious(file: PartTen, recipe: Recipe) -> None:
    """Hold an image whose pixels nobody examines and that may hold burned-in text.

    Where the recipe wants pixels cleaned and the runtime for it is missing, known devices, screen
    saves and digitised film count, not only what the header declares.

    Raises
    ------
    InstanceHeld
        It is held.
    """
    burned_in = file.value(_BURNED_IN_ANNOTATION) or b""
    if burned_in.strip().upper() not in {b"", b"NO"} or _has_embedded_overlay(file):
        raise InstanceHeld(Reason.BURNED_IN)
    has_pixels = any(element.tag == _PIXEL_DATA for element in file.elements)
    if Option.CLEAN_PIXEL_DATA in recipe.options and has_pixels:
        from casepack.deidentify.pixels.header import FileHeader  # noqa: PLC0415
        from casepack.deidentify.pixels.triage import triage  # noqa: PLC0415

        if triage(FileHeader(file), recipe.filters).suspicious:
            raise InstanceHeld(Reason.BURNED_IN)


def _has_embedded_overlay(file: PartTen) -> bool:
    """Tell whether an overlay stands in bits of the Pixel Data, as it could until 2004."""
    places = file.layout.places
    return any(
        is_overlay_or_curve(tag)
        and tag >> 24 == _OVERLAYS
        and tag & 0xFFFF == _OVERLAY_ROWS
        and (tag & 0xFFFF0000 | _OVERLAY_DATA) not in places
        for tag in places
    )


_SHORT_HEADER: Final = 8
"""Bytes before the value of the VRs CS, DA, TM and UI, in every encoding."""
_NAMING: Final = frozenset({0x0020000D, 0x0020000E, 0x00080018, 0x00080020, 0x00080030, 0x00080060})


def _values(file: PartTen, output: Output) -> dict[int, str]:
    """Return the new values that name and order the file."""
    found = {}
    for tag, encoded in output:
        if tag in _NAMING:
            raw = (
                file.buffer[encoded.start : encoded.end] if isinstance(encoded, Extent) else encoded
            )
            found[tag] = raw[_SHORT_HEADER:].decode("latin-1").strip("\x00 ")
    return found


def deidentification_stamps(
    recipe: Recipe, options: frozenset[Option], encoding: Encoding
) -> list[tuple[int, bytes]]:
    """Return the elements that say what was done: (0012,0062) to (0012,0064) and (0028,0303).

    With Clean Pixel Data (0028,0301) is one of them, with Clean Recognizable Visual Features
    (0028,0302).
    """
    method = (
        SOFTWARE,
        f"PS3.15 {EDITION} Basic Application Level Confidentiality Profile",
        f"recipe {recipe.name} {recipe.digest[:16]}"[:_TEXT_LIMIT],
    )
    codes = [
        encode_element(0x00080100, "SH", code.value.encode(), encoding)
        + encode_element(0x00080102, "SH", code.scheme.encode(), encoding)
        + encode_element(0x00080104, "LO", code.meaning[:_TEXT_LIMIT].encode(), encoding)
        for code in method_codes(options)
    ]
    absent = [
        (tag, encode_element(tag, "CS", b"NO", encoding))
        for tag, option in _ABSENT.items()
        if option in options
    ]
    return [
        *absent,
        (0x00120062, encode_element(0x00120062, "CS", b"YES", encoding)),
        (0x00120063, encode_element(0x00120063, "LO", "\\".join(method).encode(), encoding)),
        (0x00120064, encode_sequence(0x00120064, codes, encoding)),
        (0x00280303, encode_element(0x00280303, "CS", _temporal(options).encode(), encoding)),
    ]


def _temporal(options: frozenset[Option]) -> str:
    """Longitudinal Temporal Information Modified (0028,0303), PS3.15 E.2."""
    if Option.RETAIN_LONGITUDINAL_FULL_DATES in options:
        return "UNMODIFIED"
    if Option.RETAIN_LONGITUDINAL_MODIFIED_DATES in options:
        return "MODIFIED"
    return "REMOVED"


def write_part_ten(instance: Instance, file: PartTen, output: Output) -> None:
    """Write a new DICOM file: new preamble and File Meta Information, the Data Set as encoded.

    Raises
    ------
    TargetError
        The file cannot be written, or is there already.
    """
    meta = encode_part_ten(
        instance.sop_class_uid.encode(),
        instance.sop_instance_uid.encode(),
        instance.transfer_syntax_uid,
        (IMPLEMENTATION_CLASS_UID, _VERSION_NAME),
    )
    chunks = _chunks(file, output)
    if instance.transfer_syntax_uid in DEFLATED:
        chunks = iter([deflate(b"".join(chunks))])
    try:
        target = _open_new(instance.path)
    except FileExistsError:
        raise InstanceHeld(Reason.OUTPUT_COLLISION) from None
    except OSError:
        raise _not_written() from None
    try:
        with target:
            target.write(meta)
            target.writelines(chunks)
    except BaseException as error:
        # whatever went wrong: half an instance is none
        instance.path.unlink(missing_ok=True)
        if isinstance(error, OSError):
            raise _not_written() from None
        raise


def _open_new(path: Path) -> BinaryIO:
    try:
        return path.open("xb")
    except FileNotFoundError:
        path.parent.mkdir(parents=True, exist_ok=True)
        return path.open("xb")


def _not_written() -> TargetError:
    return TargetError(
        "a de-identified file cannot be written",
        advice="Check that the target is writable and that the disk has room.",
    )


def _chunks(file: PartTen, output: Output) -> Iterator[bytes]:
    for _tag, encoded in output:
        if isinstance(encoded, Extent):
            for start in range(encoded.start, encoded.end, _CHUNK):
                yield file.buffer[start : min(start + _CHUNK, encoded.end)]
        else:
            yield encoded
