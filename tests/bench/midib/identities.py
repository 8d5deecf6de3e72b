"""Persons, places and numbers of a patient's study, drawn from Faker's providers by seed."""

from __future__ import annotations

import random
import re
import string
from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import Final

from faker import Faker

from tests.bench.midib.phrases import read_words
from tests.bench.midib.romanizing import romanize

_LOCALES: Final = {
    "en": ("en_US", "en_GB"),
    "de": ("de_DE", "de_AT", "de_CH"),
    "fr": ("fr_FR", "fr_CH"),
    "it": ("it_IT",),
    "es": ("es_ES", "es_MX"),
    "pt": ("pt_PT", "pt_BR"),
    "tr": ("tr_TR",),
    "nl": ("nl_NL", "nl_BE"),
    "pl": ("pl_PL",),
    "ru": ("ru_RU",),
    "el": ("el_GR",),
    "ja": ("ja_JP",),
    "ko": ("ko_KR",),
    "zh": ("zh_CN",),
}
_MONTHS: Final = {
    "en": "January February March April May June July August September October November December",
    "de": "Januar Februar März April Mai Juni Juli August September Oktober November Dezember",
    "fr": "janvier février mars avril mai juin juillet août septembre octobre novembre décembre",
    "it": "gennaio febbraio marzo aprile maggio giugno luglio agosto settembre ottobre novembre "
    "dicembre",
    "es": "enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre "
    "diciembre",
    "pt": "janeiro fevereiro março abril maio junho julho agosto setembro outubro novembro "
    "dezembro",
    "tr": "Ocak Şubat Mart Nisan Mayıs Haziran "  # noqa: RUF001  # Turkish
    "Temmuz Ağustos Eylül Ekim Kasım Aralık",  # noqa: RUF001  # Turkish
    "nl": "januari februari maart april mei juni juli augustus september oktober november december",
}
_TRIES: Final = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Somebody, as the local script and the Latin keyboard write the name."""

    surname: str
    given: str
    latin_surname: str
    latin_given: str


class Identity:
    """All that may identify one patient, and people and places that only the text knows."""

    def __init__(self, language: str, number: int, seed: int) -> None:
        self.language = language
        self.rng = random.Random(f"{seed}-{language}-{number}")
        locale = _LOCALES[language][number % len(_LOCALES[language])]
        self.faker = _open_provider(locale)
        self.faker.seed_instance(f"{seed}-{language}-{number}")
        self.patient, self.doctor, self.operator = (self.draw_person() for _ in range(3))
        self.institution_city = self.draw_city()
        self.mrn = self.draw_number(8)
        self.accession = f"A{self.draw_number(9)}"
        self.birth = self.draw_date(1930, 1990)
        self.study = self.draw_date(2011, 2023)
        first, last = self.doctor.latin_given[:1], self.doctor.latin_surname[:1]
        middles = (
            letter for letter in string.ascii_uppercase if self._is_free(first + letter + last)
        )
        self.initials = (first + self.rng.choice(list(middles)) + last).upper()

    def draw_person(self) -> Person:
        """Return a person whose names no sentence contains."""
        for _ in range(_TRIES):
            surname, given = self.faker.last_name(), self.faker.first_name()
            latin = (romanize(surname), romanize(given))
            if self.language in {"ja", "zh"}:
                latin = (self.faker.last_romanized_name(), self.faker.first_romanized_name())
            if self._is_free(surname, given, *latin):
                return Person(
                    surname=surname, given=given, latin_surname=latin[0], latin_given=latin[1]
                )
        raise LookupError("no name is free")

    def draw_city(self) -> str:
        """Return a town whose name no sentence contains."""
        for _ in range(_TRIES):
            named = hasattr(self.faker, "city_name")
            city = str(self.faker.city_name() if named else self.faker.city())
            if self._is_free(city) and self.language != "tr":
                return city
            if self.language == "tr" and self._is_free(city := str(self.faker.last_name())):
                return f"{city}köy"
        raise LookupError("no town is free")

    def draw_number(self, digits: int) -> str:
        """Return a number that does not begin with zero."""
        return str(self.rng.randrange(10 ** (digits - 1), 10**digits))

    def draw_date(self, first: int, last: int) -> date:
        """Return a day; its numbers have two digits, so that no short token misleads."""
        return date(
            self.rng.randint(first, last), self.rng.randint(10, 12), self.rng.randint(13, 28)
        )

    def fill(self, slot: str) -> tuple[str, str, str]:
        """Return text, category and kind of planting for a slot."""
        if slot.startswith("="):
            return slot[1:], "HIPAA-A", "word in name use"
        if slot.startswith(("d_", "dob_")):
            day = self.birth if slot.startswith("dob_") else self.draw_date(2009, 2023)
            return self._write_date(day, slot.partition("_")[2]), "HIPAA-C", "date " + slot
        if slot in {"city", "street", "postcode"}:
            return self._place(slot), "HIPAA-B", f"unseen {slot}"
        return self._known(slot) or self._pattern(slot)

    def fill_latin(self, slot: str) -> tuple[str, str, str]:
        """Return the same in Latin letters."""
        people = {"patient": self.patient, "given": self.patient, "doctor": self.doctor}
        person = {**people, "operator": self.operator, "other": self.draw_person()}.get(slot)
        if person is None:
            text, category, kind = self.fill(slot)
            return romanize(text), category, kind
        latin = person.latin_given if slot == "given" else person.latin_surname
        return latin, "HIPAA-A", "unseen name" if slot == "other" else f"echo {slot}, Latin letters"

    def _known(self, slot: str) -> tuple[str, str, str] | None:
        names = {
            "patient": self.patient.surname,
            "given": self.patient.given,
            "doctor": self.doctor.surname,
            "doctor_given": self.doctor.given,
            "operator": self.operator.surname,
            "operator_given": self.operator.given,
            "doctor_full": f"{self.doctor.given} {self.doctor.surname}",
            "operator_full": f"{self.operator.given} {self.operator.surname}",
            "romaji": f"{self.patient.latin_surname} {self.patient.latin_given}",
        }
        if slot in names:
            return names[slot], "HIPAA-A", f"echo {slot}"
        numbers = {"mrn": (self.mrn, "HIPAA-H"), "accession": (self.accession, "HIPAA-R")}
        if slot in numbers:
            return (*numbers[slot], f"echo {slot}")
        if slot == "uid":
            return f"1.2.276.0.7230010.{self.draw_number(9)}.1", "HIPAA-R", "UID in text"
        if slot == "inst_city":
            return self.institution_city, "HIPAA-B", "echo institution"
        return None

    def _pattern(self, slot: str) -> tuple[str, str, str]:
        if slot in {"other", "other_given"}:
            person = self.draw_person()
            return (
                person.given if slot == "other_given" else person.surname,
                "HIPAA-A",
                "unseen name",
            )
        made = {
            "phone": (self._phone(), "HIPAA-D"),
            "email": (str(self.faker.ascii_safe_email()), "HIPAA-F"),
            "case": (f"{self.rng.choice('KTXZ')}{self.draw_number(7)}", "HIPAA-R"),
            "host": (f"pacs.{self.faker.domain_word()}.org", "HIPAA-N"),
            "initials": (self.initials, "HIPAA-A"),
        }
        return (*made[slot], f"unseen {slot}")

    def _phone(self) -> str:
        """Return a number without an extension, whose groups have at least two digits."""
        for _ in range(_TRIES):
            phone = str(self.faker.phone_number())
            if "x" not in phone and all(len(group) > 1 for group in re.findall(r"\d+", phone)):
                return phone
        return f"0{self.draw_number(3)} {self.draw_number(6)}"

    def _place(self, slot: str) -> str:
        if slot == "city":
            return self.draw_city()
        if slot == "street":
            return str(self.faker.street_name())
        return str(self.faker.postcode())

    def _write_date(self, day: date, form: str) -> str:
        if form == "long":
            month = _MONTHS.get(self.language, _MONTHS["en"]).split()[day.month - 1]
            join = {"es": " de ", "pt": " de ", "de": ". "}.get(self.language, " ")
            return f"{day.day}{join}{month}{' de ' if join == ' de ' else ' '}{day.year}"
        return day.strftime(
            {
                "iso": "%Y-%m-%d",
                "dmy": "%d/%m/%Y" if self.language in {"fr", "es", "pt", "it"} else "%d.%m.%Y",
                "us": "%m/%d/%Y",
                "compact": "%Y%m%d",
                "kanji": "%Y年%m月%d日",
                "hangul": "%Y년 %m월 %d일",
            }[form]
        )

    def _is_free(self, *names: str) -> bool:
        words = read_words()
        tokens = [token for name in names for token in re.findall(r"\w+", name.casefold())]
        return bool(tokens) and not any(token in words for token in tokens)


@cache
def _open_provider(locale: str) -> Faker:
    return Faker(locale)
