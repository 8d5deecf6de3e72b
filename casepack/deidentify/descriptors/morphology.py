"""Words that are not listed but made of listed parts: inflected, compound, Greek and Latin."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from typing import Final

from casepack.deidentify.descriptors.late import LatePattern
from casepack.deidentify.descriptors.vocabulary import Use, Vocabulary, read_sections

_FORMS: Final = (
    "abdomin|crane|encefal|cefal|kefal|kephal|zephal|krani|zervik|zerebr|kardi|kondr|condr|espondil|spondil|escoli|skoli|miel|"
    "lomb|torac|medul|artr|artik|meningi|osteopor|psiqu|neumon|pleur|linf|limf|sistem|hipofis|acr|aden|adip|adreno?|algo|alveol|amyl|andr|angi|ankyl|anter|anthr|aort|append|"
    "arachn|arteri|arthr|articul|astr|atel|atlant|ather|audi|auricul|axi|axo|bacter|bili|blephar|"
    "brachi|bronch|burs|calcane|carcin|cardi|carp|caud|caus|cephal|cerebell|cerebr|cervic|cheil|"
    "chol|choledoch|cholecyst|chondr|chord|chori|chrom|clav|cocc|coccyg|col|colp|condyl|"
    "corne|coron|cost|cox|crani|cruro?|crypt|cutan|cyan|cyst|cyt|dacry|dactyl|dent|derm|dermat|"
    "disc|disk|dors|duoden|dur|ectas|electr|embry|encephal|endocrin|enter|ependym|epidur|epiphys|"
    "epitheli|erythr|esophag|fasci|femor|ferr|fibr|fibul|foramin|front|galact|gangli|gastr|gingiv|"
    "gli|glomerul|gloss|gluc|gnath|gonad|gonarthr|granul|gynec|gynaec|haem|haemat|hem|hemat|hepat|hern|hidr|hist|"
    "humer|hydr|hyster|idi|ile|ili|immun|ischi|jejun|kary|kerat|kin|kyph|labr|labyrinth|lact|"
    "lamin|lapar|laryng|later|lei|leiomy|leuc|leuk|ligament|lip|lith|lob|lord|lumb|lymph|lymphangi|mal|malac|"
    "mamm|mandibul|mast|mastoid|maxill|medi|mediastin|medull|melan|mening|menisc|mesent|metatars|"
    "metr|muc|muscul|my|myc|myel|myocardi|myx|nas|necr|neo|nephr|neur|nucle|occipit|ocul|"
    "odont|olig|omphal|onc|oophor|ophthalm|opt|orch|oro|oss|oste|ot|ovari|pachy|palat|pancreat|"
    "papill|parathyr|pariet|parot|patell|path|pedicul|pelv|peri|pericardi|periton|phac|pharyng|phleb|phren|"
    "pituitar|plasm|plasmacyt|pleur|pneum|pneumon|poli|poster|proct|prostat|psych|pulmon|pustul|pyel|pylor|"
    "rachi|radi|radicul|ren|retin|rhabd|rhabdomy|rhin|sacr|sacroili|salping|sarc|scapul|schiz|scler|scoli|"
    "semin|seps|sial|sigmoid|sinus|somat|spermat|sphen|spin|splen|spondyl|spongi|squam|stern|steth|"
    "stomat|stri|symphys|syndesm|synov|syring|tars|tempor|tend|tendin|ten|tenosynov|teno|test|thalam|thorac|"
    "thromb|thym|thyr|thyroid|tibi|tonsill|toxic|trache|trachel|trich|tub|tubercul|tympan|typhl|uln|"
    "umbilic|ureter|urethr|ur|urin|uter|uve|vagin|valv|varic|vas|vascul|ven|ventricul|vertebr|vesic|"
    "vestibul|vulv|xanth|zyg"
)
_PREFIXES: Final = (
    "ab|ad|an|ana|ante|anti|auto|bi|bio|brady|co|contra|de|dia|dis|dys|ecto|en|endo|epi|ex|exo|extra|"
    "hemi|hetero|homo|hyper|hypo|in|infra|inter|intra|iso|juxta|kontra|macro|mega|meso|meta|micro|mid|mono|"
    "multi|non|para|per|peri|poly|post|pra|prae|pre|pro|pseudo|quadri|re|retro|semi|sub|super|supra|sur|tachy|"
    "tele|tetra|trans|tri|ultra|uni|holo|pan"
)
_ENDINGS: Final = (
    "itis|itiden|itide|ite|iti|ites|itt|itida|it|itisz|"
    "oma|omas|omata|ome|omes|omi|om|oom|"
    "osis|oses|ose|osi|osen|oza|oz|"
    "ectomy|ectomies|ektomie|ectomie|ectomia|ektomi|otomy|otomie|otomia|ostomy|ostomie|"
    "plasty|plastie|plastik|plastica|plastia|plasti|pexy|rhaphy|rraphy|"
    "pathy|pathies|pathie|pathien|patia|patie|pathia|pati|"
    "graphy|graphie|graphien|grafia|grafie|grafi|gram|grams|gramm|gramme|gramma|graphic|graphisch|"
    "scopy|skopie|scopie|scopia|skopi|"
    "cefalie|cephalie|zephalie|cefalia|cephalia|cephaly|cephalus|zephalus|cefalus|cefalo|"
    "algia|algie|algien|algi|dynia|emia|aemia|amie|emie|"
    "megaly|megalie|megalia|megali|malacia|malazie|malacie|malacja|"
    "genesis|genic|gen|genous|logy|logie|logia|logic|logical|logisch|lysis|lyse|lisi|lisis|lise|lytic|lytisch|"
    "penia|penie|phagia|phasia|phobia|phobic|plegia|plegie|plegic|paresis|parese|paresi|paresia|"
    "sclerosis|sklerose|sclerosi|esclerosis|esclerose|skleroz|sclerotic|sklerotisch|"
    "stenosis|stenose|stenosi|estenosis|estenose|stenoz|stenotic|spasm|spasmus|"
    "trophy|trophie|trophia|trofia|trofi|trophic|trop|cele|zele|ectasis|ectasia|ektasie|ectatic|"
    "listhesis|listhese|listesi|listesis|listese|listezis|desis|dese|centesis|"
    "ic|al|ale|ali|alen|aler|ales|ar|are|tic|tico|tica|tici|tiche|tique|tiques|tisch|tische|tischen|tischer|ari|aren|arer|ary|ary|isch|ische|ischen|ischer|isches|ique|iques|ico|ica|"
    "ici|iche|icos|icas|ous|oid|oide|oides|id|us|um|a|ae|is|es|ial|iale|ieel|eal|eale|aal|eel|ien|ienne|"
    "ian|on|ons|ism|ismus|isme|ismo|blast|blastom|blastoma|blastome|cyte|cytes|cyt|cytic|zyt|zytom|cytoma|citoma|sarcoma|"
    "sarkom|sarcome|carcinoma|karzinom|carcinome|karsinom|adenoma|adenom|phyte|phyten|phytes|fito|fiti|"
    "therapy|therapie|terapia|terapi|gnosis|metry|metrie|metria|tome|tomy|tomography|tomographie|tomografia"
)
_LONGEST_ENDING: Final = 8
_CYRILLIC: Final = "\u0400"
_ENDINGS_OF_SURNAMES: Final = frozenset(
    ["\u043e\u0432", "\u043e\u0432\u0430", "\u0435\u0432", "\u0435\u0432\u0430"]
)
"""-ov, -ova, -ev, -eva."""
_SHORTEST: Final = 7
_VOWELS: Final = ("o", "i", "io", "a", "e", "oi")
"""Between two forms."""
_LONGEST_FORM: Final = 12
_MOST_FORMS: Final = 5
_MOST_COMPONENTS: Final = 8
_LONG_ENDING: Final = LatePattern(
    r".*(?:itis|itide|oma[st]?|omata|osis|oses|[eo]ctom\w+|otom\w+|ostom\w+|plast\w+|path[iy]\w*|patia|"
    r"gra[pf][hi]\w+|gram\w?|s[ck]op\w+|alg[ie]\w*|a?emia|megal\w+|mala[czt]\w+|plegi\w|pares\w+|s[ck]leros\w|"
    r"stenos\w+|troph?\w+|listes\w+|listhes\w+|l[iy][st]\w+|blast\w*|[cz]yt\w*|sar[ck]om\w?|[ck]ar[cz]inom\w?)"
)
_PREFIXED_ENDING: Final = LatePattern(
    r"(?:hemi|emi|para|tetra|mono|quadri|di|dys|dis|hyper|iper|hiper|hypo|ipo|hipo|poly|poli|meta|ana|pan|a|an)"
    r"(?:pares|plegi|troph|trof|plasi|esthesi|aesthesi|asthesi|estesi|algesi|kines|kinez|reflexi|tensi|glyc|glic)\w{1,6}"
)
_INFLECTIONS: Final = ("s", "es", "e", "en", "er", "em", "n", "ed", "ing", "ly", "i", "a", "o")
_SHORTEST_STEM: Final = 5
_SHORTEST_ROOT: Final = 3
_SHORTEST_INFLECTED: Final = 7
_OF_EPONYMS: Final = LatePattern(r"(?P<stem>\w{4,})sche[nrsm]?")
"""German: the Basedowsche disease."""
_ROMANCE: Final = "aeio"
_SHORTEST_COMPOUND: Final = 8


_CYRILLIC_OR_GREEK: Final = LatePattern("[\u0370-\u052f]+")
_ENDINGS_OF_STEMS: Final = range(1, 5)
_ARABIC_OR_HEBREW: Final = LatePattern("[\u0590-\u06ff]+")
_SEMITIC_PREFIXES: Final = (
    # Arabic: and the, by the, for the, as the, then the, the, for the, and, by, for, then, as
    *("\u0648\u0627\u0644", "\u0628\u0627\u0644", "\u0644\u0627\u0644", "\u0643\u0627\u0644"),
    *("\u0641\u0627\u0644", "\u0627\u0644", "\u0644\u0644"),
    *("\u0648", "\u0628", "\u0644", "\u0641", "\u0643"),
    # Hebrew: and the, which the, the, in, from, to, and, which, as
    *(
        "\u05d5\u05d4",
        "\u05e9\u05d4",
        "\u05d4",
        "\u05d1",
        "\u05de",
        "\u05dc",
        "\u05d5",
        "\u05e9",
        "\u05db",
    ),
)
_ARTICLE: Final = "\u0627\u0644"
_TURKISH: Final = LatePattern(
    r"(?P<stem>\w{4,}?)(?:(?:lar|ler)?(?:i|u|si|su|in|un|nin|nun|im|um)?(?:n?da|n?de|ta|te|n?dan|n?den|tan|ten|ya|ye"
    r"|n?a|n?e|yi|yu|na|ne)?|li|lu|siz|suz|lari|leri|larin|lerin|lik|luk)"
)


@cache
def _parts(alternatives: str) -> frozenset[str]:
    """Return what a list separated by strokes stands for; a letter with ``?`` may be missing."""
    found: set[str] = set()
    for part in alternatives.split("|"):
        if part.endswith("?"):
            found |= {part[:-1], part[:-2]}
        else:
            found.add(part)
    return frozenset(found)


@cache
def _components() -> frozenset[str]:
    """Return the parts of compound nouns (German, Dutch), with what joins them."""
    return frozenset(
        part + joint
        for part in read_sections()["components"].split()
        for joint in ("", "s", "n", "en", "es")
    )


def _reach(word: str, starts: Iterable[int], parts: frozenset[str], longest: int) -> set[int]:
    """Return where one of the parts ends that begins at one of the starts."""
    return {
        end
        for start in starts
        for end in range(start + 1, min(len(word), start + longest) + 1)
        if word[start:end] in parts
    }


def _reach_forms(word: str, starts: Iterable[int]) -> tuple[set[int], set[int]]:
    """Return where a learned form ends that begins at one of the starts; and its vowel behind."""
    ends = _reach(word, starts, _parts(_FORMS), _LONGEST_FORM)
    behind = {end + len(vowel) for end in ends for vowel in _VOWELS if word.startswith(vowel, end)}
    return ends, ends | behind


def _has_two_parts(word: str) -> bool:
    """Tell whether a word begins with a prefix and a form, or with two forms."""
    prefixed = _reach(word, (0,), _parts(_PREFIXES), _LONGEST_FORM)
    _, formed = _reach_forms(word, (0,))
    return bool(_reach(word, prefixed | formed, _parts(_FORMS), _LONGEST_FORM))


def _is_built(word: str) -> bool:
    """Tell whether a word is a prefix or none, one to five forms, and an ending of terms."""
    here = {0} | _reach(word, (0,), _parts(_PREFIXES), _LONGEST_FORM)
    endings = _parts(_ENDINGS)
    for _ in range(_MOST_FORMS):
        _, here = _reach_forms(word, here)
        if any(word[place:] in endings for place in here):
            return True
    return False


def _is_compound(word: str) -> bool:
    """Tell whether a word is two to eight known parts of compound nouns."""
    here = {0}
    for count in range(_MOST_COMPONENTS):
        here = _reach(word, here, _components(), len(word))
        if count and len(word) in here:
            return True
    return False


def derive_use(word: str, vocabulary: Vocabulary) -> Use:
    """Return what a word is that the vocabulary does not list; UNKNOWN if it is not made of it.

    Inflected forms are what their stem is, so that a surname does not pass as the plural of one.
    """
    if is_declined(word, vocabulary):
        return Use.KNOWN
    if not word.isascii():
        return Use.KNOWN if _is_inflected(word, vocabulary) else Use.UNKNOWN
    if not word.isalpha() or word in vocabulary.names:
        return Use.UNKNOWN
    inflected = _find_stem(word, vocabulary)
    if inflected is not None:
        return inflected
    begins = range(_SHORTEST_STEM, len(word) + 1)
    known = any(vocabulary.uses.get(word[:end]) is Use.KNOWN for end in begins)
    turkish = _TURKISH.fullmatch(word) if known else None
    if (
        turkish
        and len(turkish["stem"]) >= _SHORTEST_STEM
        and (vocabulary.uses.get(turkish["stem"]) is Use.KNOWN)
    ):
        return Use.KNOWN
    if len(word) >= _SHORTEST_COMPOUND and _is_compound(word):
        return Use.KNOWN
    if len(word) >= _SHORTEST and _is_learned(word):
        return Use.KNOWN
    return Use.UNKNOWN


@cache
def _endings(script: str) -> frozenset[str]:
    """Return the endings of declension and conjugation: Polish, Greek, Russian."""
    return frozenset(("", *read_sections()[f"endings_{script}"].split()))


def is_declined(word: str, vocabulary: Vocabulary) -> bool:
    """Tell whether a word is a listed stem with an ending of its language."""
    script = "latin" if word.isascii() else "greek" if word[0] < _CYRILLIC else "cyrillic"
    endings = _endings(script)
    for length in range(min(_LONGEST_ENDING, len(word) - _SHORTEST_ROOT), -1, -1):
        stem = word[: len(word) - length]
        ending = word[len(stem) :]
        if stem in vocabulary.marked_stems and ending in endings:
            short = len(stem) < _SHORTEST_STEM and ending in _ENDINGS_OF_SURNAMES
            return not short and word not in vocabulary.names
    return False


def _find_stem(word: str, vocabulary: Vocabulary) -> Use | None:
    """Return the use of the word that this one is a form of."""
    uses = vocabulary.uses
    for ending in _INFLECTIONS:
        if word.endswith(ending):
            stem = word[: -len(ending)]
            shortest = _SHORTEST_STEM if ending in {"s", "es"} else _SHORTEST_INFLECTED
            use = uses.get(stem) if len(stem) >= shortest else None
            if use is not None:
                return use
    eponym = _OF_EPONYMS.fullmatch(word) if "sche" in word else None
    if eponym and (use := uses.get(eponym["stem"])) in {Use.EPONYM, Use.SURNAME}:
        return use
    if len(word) > _SHORTEST_INFLECTED and word[-1] in _ROMANCE:
        for vowel in _ROMANCE:
            if uses.get(word[:-1] + vowel) is Use.KNOWN:
                return Use.KNOWN
    return None


def _is_learned(word: str) -> bool:
    """Tell whether a word is a Greek or Latin term of medicine: parts and an ending of terms.

    Short endings (-al, -ic) need two parts: surnames have them too.
    """
    return bool(_PREFIXED_ENDING.fullmatch(word)) or (
        _is_built(word) and (_has_two_parts(word) or bool(_LONG_ENDING.fullmatch(word)))
    )


def _is_inflected(word: str, vocabulary: Vocabulary) -> bool:
    """Tell whether a word of another script is a known one with another ending or with a prefix."""
    if _CYRILLIC_OR_GREEK.fullmatch(word):
        return any(
            len(word) - ending >= _SHORTEST_STEM and word[:-ending] in vocabulary.stems
            for ending in _ENDINGS_OF_STEMS
        )
    if _ARABIC_OR_HEBREW.fullmatch(word):
        return any(
            word.startswith(prefix)
            and len(word) - len(prefix) >= _SHORTEST_ROOT
            and (
                word[len(prefix) :] in vocabulary.uses
                or _ARTICLE + word[len(prefix) :] in vocabulary.uses
            )
            for prefix in _SEMITIC_PREFIXES
        )
    return False
