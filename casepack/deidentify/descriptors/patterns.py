"""What a text's form alone gives away: mail and web addresses, UIDs, phone and record numbers.

All patterns read folded text: lower case, no diacritics, ASCII digits.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from casepack.deidentify.descriptors.dates import find_dates, find_great_ages, find_times
from casepack.deidentify.descriptors.echo import Echo
from casepack.deidentify.descriptors.removals import Kind, Span

_E_MAIL: Final = re.compile(r"[^\s@<>()\[\],;:]+@[^\s@<>()\[\],;]*[^\s@<>()\[\],;.]")
_URL: Final = re.compile(
    r"\b(?:https?|ftps?|sftp|file|dicom)://\S*[^\s.,;)\]]"
    r"|\bwww\d?\.[^\s,;)\]]*[^\s.,;)\]]"
    r"|(?<![\w@.-])(?:[a-z0-9-]+\.)+(?:com|org|net|edu|gov|info|biz|local|lan|internal|intra)(?![\w-])(?:[:/]\S*[^\s.,;)\]])?"
    r"|(?<![\w@.-])(?:[a-z0-9-]+\.)+[a-z0-9-]{3,}\.(?:de|fr|it|es|pt|tr|nl|uk|jp|cn|kr|ch|at|eu|ru|gr|pl|se|dk|no|be|ca|us|au|br|mx|il)(?![\w-])(?:/\S*)?"
    r"|\\\\[a-z0-9_.$-]+\\\S+"
)
_NETWORK: Final = re.compile(
    r"(?<![\d.])(?:\d{1,3}\.){3}\d{1,3}(?::\d{2,5}|/\d\d?)?(?![\d.])"
    r"|(?<![\w:])[0-9a-f]{2}(?:[:-][0-9a-f]{2}){5}(?![\w:])"
    r"|(?<![\w:])(?:[0-9a-f]{1,4}:){3,7}:?[0-9a-f]{1,4}(?![\w:])"
)
_UID: Final = re.compile(r"(?<![\w.])[0-2]\.\d+(?:\.\d+){3,}(?![\w.]\d)")
_UUID: Final = re.compile(r"(?<!\w)[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}(?!\w)")
_PHONE: Final = re.compile(
    # international, area code in brackets, three groups, trunk prefix
    r"(?<![\w.,])(?:\+|00)\s?\d{1,3}[\s./-]?(?:\(0?\d{1,5}\)[\s./-]?)?\d{1,5}(?:[\s./-]?\d{2,5}){1,5}(?!\d)"
    r"|\(0?\d{2,5}\)\s?[\d][\d\s./-]{4,12}\d(?!\d)"
    r"|(?<![\w.,/-])\d{3}[-. ]\d{3}[-. ]\d{4}(?!\d)"
    r"|(?<![\w.,/-])[2-9]\d{2}-\d{4}(?![\d-])"
    r"|(?<![\w.,/-])0\d{1,5}\s?[/-]\s?\d{2,9}(?:[\s-]\d{1,6}){0,4}(?!\d)"
    r"|(?<![\w.,/-])0\d{1,4}(?:[\s.]\d{2,4}){2,5}(?!\d)"
    # after a word for it
    r"|\b(?:tel|telephone|telefon|telefono|telefone|telefoon|telefonnr|phone|ph|fax|telefax|mobil|mobile|mob|cell"
    r"|handy|gsm|pager|piepser|beeper|funk|call|contact|kontakt|dial|durchwahl|ext|extension|apparat|interno|anexo|ramal|poste"
    r"|тел|телефон|моб|τηλ|κιν|電話|内線|电话|電話番号|전화|연락처|هاتف|טל|טלפון)\.?\s?(?:no|nr|number|num)?\.?\s?[:#=]?\s?"
    r"(?:\+|00)?\(?\d[\d\s()./-]{1,18}\d(?!\d)"
)
_MEASURED: Final = re.compile(r"\s?(?:mm|cm|ms|s|sec|hz|khz|mhz|ml|mg|kg|g|kv|ma|mas|t|°|deg|%|x)\b")
_NUMBERS: Final = re.compile(
    # social security and the like
    r"(?<![\w-])\d{3}-\d{2}-\d{4}(?![\w-])"
    # grouped numbers with a long group or many digits
    r"|(?<![\w.,/-])\d{2,}(?:[-/]\d{2,}){2,}(?![\w-])"
    r"|(?<![\w.,/-])[a-z]{1,4}-?\d{2,4}-\d{4,}(?![\w-])"
    r"|(?<![\w.,/-])[a-z]{1,4}-\d{3,}-[a-z0-9]*\d[a-z0-9]*(?![\w-])"
    # postal codes: Canada, United Kingdom, Japan
    r"|(?<!\w)[abceghj-nprstvxy]\d[abceghj-nprstv-z] \d[abceghj-nprstv-z]\d(?!\w)"
    r"|(?<!\w)(?![tlcsd]\d{1,2} )[a-z]{1,2}\d[a-z\d]? \d[abd-hjlnp-uw-z]{2}(?!\w)"
    r"|〒\s?\d{3}-?\d{4}"
)
_POST_BOX: Final = re.compile(
    r"(?<!\w)(?:p\.?\s?o\.?\s?box|postfach|postbus|casella postale|apartado(?: postal)?|caixa postal|posta kutusu)\s?(?:nr|no|n)?\.?\s?\d+"
)
_STRONG_CUE: Final = (
    r"mrn|m\.r\.n|medical record(?:s| number| no)?|patient[\s_-]?(?:id|no|nr|number|num|nummer|nr)|patienten[\s_-]?(?:nr|nummer|id)"
    r"|pat[\s._-]{0,2}(?:id|nr|no)|accession(?:[\s_]?(?:no|nr|number|num))?|acc[\s_.]{0,2}(?:no|nr|number|num|#)|ssn|social security(?: number| no)?"
    r"|nhs(?:[\s_]?(?:no|number))|hospital[\s_]?(?:no|nr|number|num|id)|visit[\s_]?(?:no|nr|number|id)|order[\s_]?(?:no|nr|number|id)"
    r"|case[\s_]?(?:no|nr|number|id)|fall[\s_-]?(?:nr|nummer)|auftrags?[\s_-]?(?:nr|nummer)|aufnahme[\s_-]?(?:nr|nummer)|versicherten[\s_-]?(?:nr|nummer)"
    r"|n[o°]?\.? ?dossier|dossier n[o°]?|num dossier|ipp|numero (?:de )?(?:dossier|patient|securite sociale|historia|expediente|prontuario|paciente|utente|cartella)"
    r"|n\.? ?cartella|codice (?:fiscale|paziente|sanitario)|historia clinica|nhc|no expediente|expediente|prontuario|n[o°]? ?utente|nº ?utente|cartao (?:de )?saude"
    r"|tckn|t\.?c\.? ?kimlik(?: no)?|tc no|kimlik(?: no)?|protokol no|hasta no|dosya no|hasta numarasi|bsn|patientnummer|pat\.?nummer|zis(?:nummer)?"
    r"|患者(?:id|番号|no)|カルテ番号|カルテno|登録番号|受付番号|病历号|病歷號|住院号|门诊号|检查号|身份证号?|환자번호|등록번호|병록번호"
    r"|амб\.? ?карта|медкарта|номер карты|история болезни|полис|снилс|инн|αμκα|α\.μ\.κ\.α|αρ\.? ?μητρωου|αριθμος μητρωου"
    r"|serial(?:[\s_]?(?:no|nr|number|num))?|s/n|device[\s_]?id|station[\s_]?(?:id|name)|insurance(?: id| no| number)?|policy(?: no| number)?"
    r"|license(?: no| number)?|passport(?: no| number)?|account(?: no| number)?|acct(?: no)?|room(?: no| number)?|zimmer|bed(?: no)?|ward|chambre|habitacion|quarto|stanza"
    r"|report[\s_]?(?:no|nr|number|id)|exam[\s_]?(?:no|nr|number|id)|study[\s_]?id|specimen(?: no| id)|lab(?: no| id)"
)
_WEAK_CUE: Final = r"id|no|nr|num|number|nummer|numero|numara|ref|acc|pid|hn|file|chart|record|code|identifier|番号|号"
_CUED: Final = re.compile(
    rf"(?<![^\W_])(?:(?P<strong>{_STRONG_CUE})|(?P<weak>{_WEAK_CUE}))(?![^\W\d_])[\s._]{{0,2}}(?:[:=#-]|is|nr|no)?\s{{0,2}}#?"
    r"(?P<value>(?:[a-z]{1,6}[-/])?[a-z0-9]*\d[a-z0-9]*(?:[-/._]?[a-z0-9]*\d[a-z0-9]*)*)(?![^\W_])"
)
_FEWEST_DIGITS: Final = 4
_FEWEST_DIGITS_IN_GROUPS: Final = 7
_FEWEST_DIGITS_OF_PHONE: Final = 6
_ROUND: Final = 5
_ROUND_VALUE: Final = 50
_DIGIT: Final = re.compile(r"\d")


def find_patterns(text: str, echo: Echo) -> Iterator[Span]:
    """Yield what goes, most telling first; later ones may overlap earlier ones."""
    if "@" in text:
        for match in _E_MAIL.finditer(text):
            yield Span(match.start(), match.end(), Kind.E_MAIL)
    if "." in text or "//" in text or "\\" in text:
        for match in _URL.finditer(text):
            yield Span(match.start(), match.end(), Kind.URL)
    if _DIGIT.search(text):
        yield from _find_numbers(text, echo)


def _find_numbers(text: str, echo: Echo) -> Iterator[Span]:
    for kind, pattern in ((Kind.UID, _UID), (Kind.UID, _UUID), (Kind.URL, _NETWORK)):
        for match in pattern.finditer(text):
            yield Span(match.start(), match.end(), kind)
    for match in _POST_BOX.finditer(text):
        yield Span(match.start(), match.end(), Kind.ADDRESS)
    for start, end in find_great_ages(text):
        yield Span(start, end, Kind.AGE)
    for found in find_dates(text):
        kind = Kind.ECHO_DATE if echo.knows_date(found.dates) else Kind.DATE
        yield Span(found.start, found.end, kind)
    for match in _PHONE.finditer(text):
        if _is_phone(match.group()) and not _MEASURED.match(text, match.end()):
            yield Span(match.start(), match.end(), Kind.PHONE)
    for start, end in find_times(text):
        yield Span(start, end, Kind.TIME)
    for match in _CUED.finditer(text):
        start, end = match.span("value")
        digits = sum(char.isdecimal() for char in match["value"])
        known = echo.knows_number(match["value"])
        if known or match["strong"] or digits >= _FEWEST_DIGITS:
            yield Span(start, end, Kind.ECHO_ID if known else Kind.NUMBER)
    for match in _NUMBERS.finditer(text):
        if _is_grouped_number(match.group()) and not _MEASURED.match(text, match.end()):
            yield Span(match.start(), match.end(), Kind.NUMBER)


def _is_phone(text: str) -> bool:
    """Tell a phone number from a range of values, which are round."""
    groups = re.findall(r"\d+", text)
    if text[0] not in "+(0123456789":
        return sum(map(len, groups)) >= _FEWEST_DIGITS
    return sum(map(len, groups)) >= _FEWEST_DIGITS_OF_PHONE and any(
        int(group) % _ROUND_VALUE for group in groups
    )


def _is_grouped_number(text: str) -> bool:
    """Tell a record number from a row of values (``0-500-1000``), which are round."""
    groups = re.findall(r"\d+", text)
    uneven = any(int(group) % _ROUND for group in groups)
    if not text.replace("-", "").replace("/", "").isdecimal():
        return uneven or len(groups) == 1
    return uneven and sum(map(len, groups)) >= _FEWEST_DIGITS_IN_GROUPS
