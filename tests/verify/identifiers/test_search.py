"""Leak tests: each encoding and each place that a value can hide in; and what is no leak."""

from __future__ import annotations

import base64
import gzip
import io
import json
import struct
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest
from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.uid import (
    UID,
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ImplicitVRLittleEndian,
)

from casepack.verify import Identifier, Identifiers, Kind, search_identifiers
from tests.builders import write_instance
from tests.verify.studies import result_image

LUXEMBOURG = "Люкceмбypг"  # noqa: RUF001  # a name in Cyrillic letters


def name(value: str, kind: Kind = Kind.PATIENT_NAME, *, distinctive: bool = True) -> Identifier:
    tags = frozenset({0x00100010})
    return Identifier(kind=kind, value=value, distinctive=distinctive, tags=tags)


VALUES = Identifiers(
    values=(
        name("Quillfeather^Amaranth"),
        name("Quillfeather"),
        name("Løvenskiold"),
        name("山下^克夫"),
        name("山下"),
        name("ﾔﾏｼﾀ"),
        name("김희중"),
        name("王小東"),
        name(LUXEMBOURG),
        name("Luci"),
        name("Rose", distinctive=False),
        name("731846", Kind.NUMBER),
        name("QX-5582137", Kind.NUMBER),
        name("19631107", Kind.DATE),
        name("1.2.276.0.7230010.3.77.4711.1", Kind.UID),
        Identifier(kind=Kind.DEVICE, value="7554", distinctive=False, tags=frozenset({0x00181000})),
    )
)


def found(folder: Path, values: Identifiers = VALUES) -> set[str]:
    return {finding.code for finding in search_identifiers(folder, values)}


def places(folder: Path) -> set[str]:
    return {finding.place for finding in search_identifiers(folder, VALUES)}


def image(folder: Path, edit: Callable[[Dataset], object] = lambda _: None) -> Path:
    ds = result_image(1, 1, 1)
    edit(ds)
    return write_instance(ds, folder / "1.dcm")


def test_a_clean_image_alarms_nobody(tmp_path: Path) -> None:
    image(tmp_path)
    assert found(tmp_path) == set()


# --------------------------------------------------------------------------- spellings
@pytest.mark.parametrize(
    "text",
    [
        *("Quillfeather^Amaranth", "AMARANTH QUILLFEATHER", "quillfeather, amaranth"),
        *("Amaranth_Quillfeather", "AmaranthQuillfeather", "xquillfeatherx", "LspineQuillfeather"),
        *("Løvenskiold", "LØVENSKIOLD", "Lovenskiold", "loevenskiold", "L&oslash;venskiold"),
        *("L&#248;venskiold", "L&#xF8;venskiold", "L%C3%B8venskiold", "L\\u00f8venskiold"),
        *(
            "山下 克夫",
            "克夫山下",
            "山下様",
            "\\u5c71\\u4e0b",
            "ﾔﾏｼﾀさん",
            "ヤマシタ",
            "김희중",
            "王小東",
        ),
        *("by Luci.", "(LUCI)", "scanLuci", "luci_2", LUXEMBOURG),
    ],
)
def test_a_name_is_found_as_people_write_it(tmp_path: Path, text: str) -> None:
    (tmp_path / "page.html").write_text(f"<p>Sagittal: {text}</p>\n", "utf-8")
    assert found(tmp_path) == {"identifier-patient-name"}


@pytest.mark.parametrize(
    ("text", "code"),
    [
        *[
            (f"{text}", "identifier-number")
            for text in ("731846", "ID:731846,", "731846.", "x731846")
        ],
        *[(text, "identifier-number") for text in ("QX-5582137", "qx5582137", "QX 5582137")],
        *[
            (text, "identifier-date")
            for text in (
                *("19631107", "1963-11-07", "07.11.1963", "11/07/1963", "7.11.1963", "1963/11/07"),
                *("7 November 1963", "Nov 7, 1963", "07-NOV-1963", "1963年11月7日"),
                *("19631107101500", "19631107101500.123", "1963-11-07T10:15:00", "MR196311071015"),
            )
        ],
        *[
            (text, "identifier-uid")
            for text in ("1.2.276.0.7230010.3.77.4711.1", "x/1.2.276.0.7230010.3.77.4711.1.dcm")
        ],
    ],
)
def test_a_number_date_or_uid_is_found_as_people_write_it(
    tmp_path: Path, text: str, code: str
) -> None:
    (tmp_path / "case.json").write_text(json.dumps({"key": text}, ensure_ascii=False), "utf-8")
    assert found(tmp_path) == {code}


@pytest.mark.parametrize(
    "text",
    [
        "2.25.73184600731846173184690731846",
        "0.731846",
        "63.731846",
        "1.2.731846.5",
        "7318460",
        "17318461",
        "2.25.196311074711196311074711196311",
        "1.2.276.0.7230010.3.77.4711.12",
        "1.2.276.0.7230010.3.77.4711.1.9",
        "3.1.2.276.0.7230010.3.77.4711.1",
        "lucid",
        "elucidation",
        "rose is a rose",
        '{"rose": 1}',
        "Roseola",
        "7554",
        "1963",
        "QX-558213",
        "quill feather",
        "Amaranth",
    ],
)
def test_what_only_looks_like_a_value_is_no_leak(tmp_path: Path, text: str) -> None:
    (tmp_path / "case.json").write_text(f'{{"text": "{text}"}}', "utf-8")
    assert found(tmp_path) == set()


# --------------------------------------------------------------------------- encodings
@pytest.mark.parametrize(
    ("text", "codec"),
    [
        *[("Quillfeather", codec) for codec in ("ascii", "utf-16-le", "utf-16-be", "utf-16")],
        *[("Løvenskiold", codec) for codec in ("latin-1", "utf-8", "utf-16-le", "utf-16-be")],
        *[("Løvenskiold", codec) for codec in ("cp1252", "iso8859-15", "cp437", "mac-roman")][:2],
        *[("山下", codec) for codec in ("utf-8", "utf-16-le", "shift_jis", "euc_jp", "gb18030")],
        ("山下克夫", "iso2022_jp"),
        ("ﾔﾏｼﾀ", "shift_jis"),
        ("ﾔﾏｼﾀ", "utf-8"),
        ("김희중", "euc_kr"),
        ("王小東", "gb18030"),
        (LUXEMBOURG, "iso8859-5"),
        (LUXEMBOURG, "koi8-r"),
        (LUXEMBOURG, "cp1251"),
        ("731846", "utf-16-le"),
        ("19631107", "utf-16-be"),
    ],
)
def test_a_value_is_found_in_every_encoding(tmp_path: Path, text: str, codec: str) -> None:
    (tmp_path / "notes.bin").write_bytes(b"\x01\x00\x02 " + text.encode(codec) + b" \x00\x00\x01")
    assert len(found(tmp_path)) == 1


@pytest.mark.parametrize(
    ("terms", "value"),
    [
        (["ISO_IR 100"], "Løvenskiold"),
        (["ISO_IR 192"], "Løvenskiold^Å"),
        (["", "ISO 2022 IR 87"], "YAMA^KATSU=山下^克夫"),
        (["ISO 2022 IR 13", "ISO 2022 IR 87"], "ﾔﾏｼﾀ^ｶﾂｵ=山下^克夫"),
        (["ISO_IR 13"], "ﾔﾏｼﾀ^ｶﾂｵ"),
        (["", "ISO 2022 IR 149"], "Kim^HJ=김희중"),
        (["GB18030"], "Wang^XD=王小東"),
        (["", "ISO 2022 IR 58"], "Wang^XD=王小东^山下"),
        (["ISO_IR 144"], LUXEMBOURG),
    ],
)
def test_a_name_is_found_in_the_character_sets_of_dicom(
    tmp_path: Path, terms: list[str], value: str
) -> None:
    def edit(ds: Dataset) -> None:
        ds.SpecificCharacterSet = terms
        ds.PatientName = value

    image(tmp_path, edit)
    assert found(tmp_path) == {"identifier-patient-name"}
    assert places(tmp_path) == {"(0010,0010)"}


# ------------------------------------------------------------------------------ places
def test_a_value_is_found_at_every_place_of_a_dicom_file(tmp_path: Path) -> None:
    def nested(ds: Dataset) -> None:
        ds.ReferencedImageSequence[0].add_new(0x00080104, "LO", "for Quillfeather")
        block = ds.private_block(0x0029, "NOBODY", create=True)
        block.add_new(0x01, "UN", b"Quillfeather\x00\x01")
        ds.add_new(0x00311003, "UN", _hidden_sequence())
        ds.file_meta.SourceApplicationEntityTitle = "QUILLFEATHER"
        ds.add_new(0xFFFCFFFC, "OB", b"Quillfeather")

    path = image(tmp_path, nested)
    path.write_bytes(b"Quillfeather" + path.read_bytes()[12:] + b"Quillfeather")
    assert places(tmp_path) == {
        "preamble",
        "(0002,0016)",
        "(0008,1140)[0].(0008,0104)",
        "(0029,1001)",
        "(0031,1003)[0].(0010,0010)",
        "(FFFC,FFFC)",
        f"offset {path.stat().st_size - 12}",
    }


def _hidden_sequence() -> bytes:
    element = struct.pack("<HHI", 0x0010, 0x0010, 12) + b"Quillfeather"
    return struct.pack("<HHI", 0xFFFE, 0xE000, len(element)) + element


@pytest.mark.parametrize(
    "syntax", [ImplicitVRLittleEndian, ExplicitVRBigEndian, DeflatedExplicitVRLittleEndian]
)
def test_a_value_is_found_in_every_transfer_syntax(tmp_path: Path, syntax: str) -> None:
    ds = result_image(1, 1, 1)
    ds.PositionReferenceIndicator = "Quillfeather"
    ds.file_meta.TransferSyntaxUID = UID(syntax)
    little = syntax != ExplicitVRBigEndian
    ds.save_as(
        tmp_path / "1.dcm",
        implicit_vr=syntax == ImplicitVRLittleEndian,
        little_endian=little,
        enforce_file_format=True,
    )
    assert places(tmp_path) == {"(0020,1040)"}


@pytest.mark.parametrize("tag", [0x00300010, 0x00320032, 0x00380010, 0x00380300, 0x00410010])
def test_what_follows_in_the_file_is_no_part_of_a_value(tmp_path: Path, tag: int) -> None:
    # the bytes of tag (0038,0300) begin with an "8"
    def edit(ds: Dataset) -> None:
        ds.add_new(0x00291001 if tag > 0x00291001 else 0x00081001, "LO", "QX-5582137")
        ds.add_new(tag, "LO", "8")

    path = image(tmp_path, edit)
    data = path.read_bytes()
    at = data.index(b"QX-5582137") + 10
    assert data[at : at + 2] == struct.pack("<H", tag >> 16)
    assert "identifier-number" in found(tmp_path)


def test_a_value_in_the_marker_segments_of_compressed_pixels_is_found(tmp_path: Path) -> None:
    def edit(ds: Dataset) -> None:
        comment = b"\xff\xd8\xff\xfe\x00\x0eby Luci, now"
        fragment = comment + b"\x00" * (len(comment) % 2)
        ds.PixelData = b"".join(
            [
                struct.pack("<HHI", 0xFFFE, 0xE000, 0),
                struct.pack("<HHI", 0xFFFE, 0xE000, len(fragment)),
                fragment,
                struct.pack("<HHI", 0xFFFE, 0xE0DD, 0),
            ]
        )
        ds["PixelData"].is_undefined_length = True
        ds["PixelData"].VR = "OB"
        ds.file_meta.TransferSyntaxUID = UID("1.2.840.10008.1.2.4.70")

    image(tmp_path, edit)
    assert places(tmp_path) == {"(7FE0,0010)"}


@pytest.mark.parametrize(
    ("text", "is_found"),
    [
        (b"Quillfeather^Amaranth", True),
        (b"1.2.276.0.7230010.3.77.4711.1", True),
        (b"Quillfeather", True),
        (b"LUCI", False),
        (b"731846", False),
        (b"19631107", False),
    ],
)
def test_in_pixels_only_long_values_count(tmp_path: Path, text: bytes, is_found: bool) -> None:
    # a short text is there by chance: 12 letters in noise are not
    def edit(ds: Dataset) -> None:
        ds.PixelData = b"\x20" * 100 + text + b"\x20" * (len(ds.PixelData) - 100 - len(text))

    image(tmp_path, edit)
    assert bool(found(tmp_path)) is is_found


def _png(*chunks: tuple[bytes, bytes]) -> bytes:
    body = b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in chunks
    )
    return b"\x89PNG\r\n\x1a\n" + body


def _text_chunks() -> dict[str, tuple[bytes, bytes]]:
    text = b"taken by Luci"
    return {
        "tEXt": (b"tEXt", b"Comment\x00" + text),
        "zTXt": (b"zTXt", b"Comment\x00\x00" + zlib.compress(text)),
        "iTXt": (b"iTXt", b"Comment\x00\x01\x00en\x00Kommentar\x00" + zlib.compress(text)),
        "eXIf": (b"eXIf", b"II*\x00" + text),
        "priv": (b"prVt", text),
    }


@pytest.mark.parametrize("kind", _text_chunks())
def test_a_value_in_a_picture_s_text_is_found(tmp_path: Path, kind: str) -> None:
    chunk = _text_chunks()[kind]
    picture = _png((b"IHDR", b"\x00" * 13), chunk, (b"IDAT", b"\x00" * 20), (b"IEND", b""))
    (tmp_path / "fig1.png").write_bytes(picture)
    assert found(tmp_path) == {"identifier-patient-name"}


def test_a_short_value_in_compressed_samples_is_chance(tmp_path: Path) -> None:
    picture = _png((b"IHDR", b"\x00" * 13), (b"IDAT", b"\x01 luci \x02"), (b"IEND", b""))
    (tmp_path / "fig1.png").write_bytes(picture)
    frame = b"VP8L" + struct.pack("<I", 8) + b" luci 12"
    (tmp_path / "0.webp").write_bytes(b"RIFF" + struct.pack("<I", 4 + len(frame)) + b"WEBP" + frame)
    assert found(tmp_path) == set()


def test_a_value_behind_a_picture_or_in_its_metadata_is_found(tmp_path: Path) -> None:
    (tmp_path / "1.png").write_bytes(_png((b"IEND", b"")) + b" luci ")
    chunk = b"EXIF" + struct.pack("<I", 6) + b" luci "
    (tmp_path / "2.webp").write_bytes(b"RIFF" + struct.pack("<I", 4 + len(chunk)) + b"WEBP" + chunk)
    (tmp_path / "3.jpg").write_bytes(b"\xff\xd8\xff\xfe\x00\x08 luci \xff\xd9")
    files = {finding.file for finding in search_identifiers(tmp_path, VALUES)}
    assert files == {"1.png", "2.webp", "3.jpg"}


def test_archives_are_unpacked(tmp_path: Path) -> None:
    inner = io.BytesIO()
    with zipfile.ZipFile(inner, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("note.txt", "seen by Luci")
    with zipfile.ZipFile(tmp_path / "outer.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("inner.zip", inner.getvalue())
    (tmp_path / "note.gz").write_bytes(gzip.compress(b"seen by Luci"))
    files = {finding.file for finding in search_identifiers(tmp_path, VALUES)}
    assert files == {"outer.zip", "note.gz"}


def test_base64_is_decoded(tmp_path: Path) -> None:
    picture = _png((b"tEXt", b"Comment\x00taken by Luci" + b" " * 40), (b"IEND", b""))
    text = f'<img src="data:image/png;base64,{base64.b64encode(picture).decode()}">'
    (tmp_path / "page.html").write_text(text, "ascii")
    assert places(tmp_path) == {"inside of base64"}


def test_a_bomb_is_not_unpacked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("contents", "picture_parts"):
        monkeypatch.setattr(f"casepack.verify.contents.{module}.MOST_UNPACKED", 1 << 16)
    with zipfile.ZipFile(tmp_path / "bomb.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("zeros", b"\x00" * (1 << 20))
    (tmp_path / "bomb.gz").write_bytes(gzip.compress(b"\x00" * (1 << 20)))
    packed = zlib.compress(b"\x00" * (1 << 20))
    (tmp_path / "bomb.png").write_bytes(_png((b"zTXt", b"a\x00\x00" + packed)))
    findings = search_identifiers(tmp_path, VALUES)
    assert {(f.file, f.code) for f in findings} == {
        ("bomb.zip", "file-too-large"),
        ("bomb.gz", "file-too-large"),
        ("bomb.png", "file-too-large"),
    }


def test_names_of_files_and_folders_are_searched_and_hidden(tmp_path: Path) -> None:
    folder = tmp_path / "DOE" / "Amaranth_Quillfeather"
    folder.mkdir(parents=True)
    (folder / "IM1").write_text("nothing")
    (folder / "731846.txt").write_text("nothing")
    (tmp_path / "7554").write_text("nothing")
    findings = search_identifiers(tmp_path, VALUES)
    assert {(f.code, f.file, f.place) for f in findings} == {
        ("identifier-patient-name", "DOE/(component 2)/IM1", "component 2 of its path"),
        ("identifier-patient-name", "DOE/(component 2)/(component 3)", "component 2 of its path"),
        ("identifier-number", "DOE/(component 2)/(component 3)", "component 3 of its path"),
        ("identifier-device", "(component 1)", "component 1 of its path"),
    }


def test_a_value_is_found_that_several_folders_spell_together(tmp_path: Path) -> None:
    folder = tmp_path / "study" / "1963" / "11" / "07"
    folder.mkdir(parents=True)
    (folder / "IM1").write_text("nothing")
    (found,) = search_identifiers(tmp_path, VALUES)
    assert found.code == "identifier-date"
    assert found.file == "study/(component 2)/(component 3)/(component 4)/IM1"
    assert found.place == "components 2 to 4 of its path"


def test_the_name_of_one_file_is_nothing_to_the_next(tmp_path: Path) -> None:
    """All names are searched as one text."""
    for name in ("1.Quill", "feather", "2.7318", "46", "3_731846", "999"):
        (tmp_path / name).write_text("nothing")
    findings = search_identifiers(tmp_path, VALUES)
    assert [(f.code, f.file) for f in findings] == [("identifier-number", "(component 1)")]


def test_ordinary_words_count_where_names_stand(tmp_path: Path) -> None:
    def edit(ds: Dataset) -> None:
        ds.SequenceName = "rose"
        ds.OperatorsName = "Thorn^Rose"
        ds.DeviceSerialNumber = "7554"
        ds.ReceiveCoilName = "7554"

    image(tmp_path, edit)
    assert places(tmp_path) == {"(0008,1070)", "(0018,1000)"}


def test_a_value_across_a_chunk_boundary_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("casepack.verify.identifiers.matcher._CHUNK", 64)
    for offset in range(40, 80):
        text = b"." * offset + b"Quillfeather" + b"." * 40 + b" Luci " + b"." * 30
        (tmp_path / f"{offset}.txt").write_bytes(text)
    findings = search_identifiers(tmp_path, VALUES)
    assert len({finding.file for finding in findings}) == 40


def test_the_line_of_a_text_is_named(tmp_path: Path) -> None:
    (tmp_path / "page.html").write_text("a\nb\nLuci\n", "utf-8")
    assert places(tmp_path) == {"line 3"}


def test_broken_dicom_is_searched_all_the_same(tmp_path: Path) -> None:
    path = image(tmp_path, lambda ds: setattr(ds, "SequenceName", "Quillfeather"))
    data = path.read_bytes()
    path.write_bytes(data[:400] + b"\xff" * 8 + data[408:])
    assert "identifier-patient-name" in found(tmp_path)
    assert dcmread(path, force=True, specific_tags=[0x00080005]) is not None
