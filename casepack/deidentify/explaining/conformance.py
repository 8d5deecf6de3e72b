"""The conformance statement of PS3.15 E.1.3 for one recipe, from the tables and the code."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

from casepack.deidentify.actions import DUMMIES, REQUIRED_EMPTY, REQUIRED_VALUES
from casepack.deidentify.explaining.explain import retained_private
from casepack.deidentify.instance import SOFTWARE, deidentification_stamps
from casepack.deidentify.lift import MR_IMAGE_STORAGE
from casepack.deidentify.plan import Plan, carried_out, compile_plan, refuse_held_class
from casepack.encoding import EXPLICIT_LITTLE
from casepack.errors import InstanceHeld
from casepack.model import Action, AttributeType, Option, Reason
from casepack.recipe import HeaderAction, Recipe
from casepack.standard.codes import BASIC_PROFILE_CODE, deidentification_methods
from casepack.standard.dictionary import attribute_name, format_tag
from casepack.standard.profile import EDITION, profile_rows
from casepack.standard.sop_classes import sop_class_name, storage_classes
from casepack.standard.structured_content import STRUCTURED_CONTENT_EDITION
from casepack.standard.types import IOD_EDITION
from casepack.standard.uids import transfer_syntaxes

_TYPES: Final = (AttributeType.TYPE_3, AttributeType.TYPE_2, AttributeType.TYPE_1)
_WORDS: Final[Mapping[Action, str]] = {
    Action.REMOVE: "removed",
    Action.ZERO: "emptied",
    Action.DUMMY: "replaced by a dummy",
    Action.UID: "UIDs replaced",
    Action.CLEAN: "cleaned",
    Action.KEEP: "retained",
}

_RETAINED: Final = (
    "The Attributes that Table E.1-1 marks K for this Option are retained; those that it marks C "
    "are treated as the Basic Profile says."
)
MANNER: Final[Mapping[Option, str]] = {
    Option.CLEAN_PIXEL_DATA: (
        "Every frame of every image is examined at native resolution by a network that finds drawn "
        "text; regions that deid and CTP know for the device, and those of the recipe and of a "
        "reviewer, are added, and what recurs in a series is covered in all its images. Boxes are "
        "filled with one value, frames without a box keep their encoded bytes, and the result is "
        "examined again. A covered image gets a SOP Instance UID of its own, Value 1 of Image Type "
        "is DERIVED (of Frame Type in the frames that were covered; Image Type is MIXED while "
        "others are ORIGINAL), and Burned In Annotation is NO. Bits beyond Bits Stored are "
        "cleared. An image that is said to hold text which is not found, or that cannot be "
        "decoded, is held. The "
        "network misses text (see its model card): a person should look at the contact sheets."
    ),
    Option.CLEAN_RECOGNIZABLE_VISUAL_FEATURES: (
        "Carried out together with Clean Pixel Data. Whether the head can be in an image is told "
        "from Image Position and Orientation, Pixel Spacing, the Frame of Reference, descriptions "
        "and anatomic regions: an image that reaches no further above the middle of the series "
        "called lumbar than a share of the body height shows no face. In all others the face is "
        "what the recipe gives in millimetres (ADD Face Above ... InFrontOf ...), or what the "
        "skin shows: where chin and throat are seen, all above the throat and in front of its skin "
        "is filled with one value, in every series of the Frame of Reference alike. Localizers are "
        "left out if the recipe says so (ADD Face DropLocalizers). Recognizable Visual Features is "
        "NO and the code is written in images of which this is true; where no face is found and "
        "none can be excluded, the report says that faces were not assessed. Ears and the back of "
        "the head are not removed."
    ),
    Option.CLEAN_GRAPHICS: (
        "Overlays and curves are removed as whole groups. In presentation states the shapes stay, "
        "texts are treated as Clean Descriptors says (without that Option they are replaced by a "
        "dummy), references lead to the images under their new UIDs, and Graphic Layers and "
        "Content Labels stay if their words are known. A presentation state whose shutter is "
        "drawn in an overlay is held."
    ),
    Option.CLEAN_STRUCTURED_CONTENT: (
        f"Content Items of reports, of key object selections and of Acquisition Context, Specimen "
        f"Preparation and Protocol Context are treated by concept and Value Type as Table E.3.4-1 "
        f"of PS3.15 {STRUCTURED_CONTENT_EDITION} says, retired SNOMED codes included. Those that "
        "it does not list: names of persons become dummies (one and the same for the same "
        "person), texts are treated as Clean Descriptors says (without that Option they are "
        "replaced by a dummy), UIDs are replaced, references lead to the instances under their "
        "new UIDs, dates are treated as Table E.1-1 says of Date, Time and DateTime; "
        "measurements, codes and coordinates stay. Ages over 89 years become 90 years. A code of "
        "a local scheme gets a value derived from the secret key, and keeps the known words of "
        "its meaning. An Item that is removed goes with all below it and with what refers to it; "
        "one from which coordinates are selected stays, with a dummy value. Tables (Value Type "
        "TABLE) are held. Encapsulated documents are held."
    ),
    Option.CLEAN_DESCRIPTORS: (
        "Texts (LO, LT, SH, ST, UC, UT) that Table E.1-1 marks C for this Option, and those that "
        "it does not list, are cleaned word by word: the study's own names, IDs, dates and places "
        "are removed, then what has the form of a date, number, address or name, then every word "
        "that is not of a vocabulary of clinical and technical language. A text of which nothing "
        "is left is treated as the Basic Profile says."
    ),
    Option.RETAIN_LONGITUDINAL_FULL_DATES: "Dates and times are retained as they are.",
    Option.RETAIN_LONGITUDINAL_MODIFIED_DATES: (
        "DA and DT values move into the past by a number of whole weeks that is the same for all "
        "studies of a patient and is derived from the secret key (HMAC-SHA256). Times of day stay, "
        "so intervals between examinations stay to the second. Dates of devices are treated as the "
        "Basic Profile says, and versions of vocabularies stay, since their true values can be "
        "looked up and would give the shift away. A value that is not a valid date is treated as "
        "the Basic Profile says."
    ),
    Option.RETAIN_PATIENT_CHARACTERISTICS: (
        _RETAINED + " Ages over 89 years become 090Y. Sex, size and weight are retained only with "
        "a value of their kind."
    ),
    Option.RETAIN_DEVICE_IDENTITY: _RETAINED,
    Option.RETAIN_UIDS: _RETAINED,
    Option.RETAIN_INSTITUTION_IDENTITY: _RETAINED,
    Option.RETAIN_SAFE_PRIVATE: (
        "The private Attributes of Table E.3.10-1 are retained, known by Private Creator, group, "
        "element and VR in any block, with the creators that reserve their blocks. UIDs in them "
        "are replaced; Items of Sequences are treated Attribute by Attribute."
    ),
}
"""How each Option is carried out; a test holds `CARRIED_OUT` to it."""

OTHERS: Final = (
    (
        "- An Attribute that Table E.1-1 does not list is retained if the IOD of the SOP Class "
        "defines it at its place, and removed if not. Free text (ST, LT, UT) is removed, "
        "emptied or replaced by a dummy, by its Type, or cleaned where the Clean Descriptors "
        "Option is carried out. That Option also cleans, at top level, the descriptors of Table "
        "E.1-1 that no Composite IOD has, and those of the Request Attributes Sequence."
    ),
    (
        "- A text that is retained is removed, emptied or replaced by a dummy if it holds a "
        "name or an ID of the patient. Numbers, dates and UIDs are retained only with values of "
        "their kind."
    ),
    (
        "- A Code Meaning is retained if PS3.16 or the DICOM subset of SNOMED CT knows it, and "
        "cleaned like other text or replaced by a dummy if not; a code of a scheme that PS3.16 "
        "does not list is replaced whole."
    ),
    (
        "- Curve (50xx) and Overlay (60xx) groups, group lengths, Data Set Trailing Padding, "
        "Digital Signatures, Original Attributes and Icon Images are removed."
    ),
    "- Private Attributes are removed, but for those listed below.",
    (
        "- File Meta Information and preamble are written anew; nothing of the original is in "
        "them. An original DICOMDIR is never passed on."
    ),
)
"""How Attributes fare that are not listed."""


def conformance_statement(recipe: Recipe) -> str:
    """Return the statement in Markdown. The same recipe and version give the same text."""
    plan = compile_plan(MR_IMAGE_STORAGE, recipe, frozenset())
    sections = (
        _head(recipe),
        _options(recipe),
        _sop_classes(recipe),
        _attributes(plan),
        _rules(),
        _dummies(),
        _inserted(recipe, plan),
        _dates(recipe),
        _uids(recipe),
        _encryption(),
        _transfer_syntaxes(),
        _private(recipe),
        _lines(recipe),
    )
    return "\n".join(line for section in sections for line in section) + "\n"


def _head(recipe: Recipe) -> Iterator[str]:
    yield f"# De-identification conformance statement: {recipe.name}"
    yield ""
    yield (
        f"What {SOFTWARE} does to DICOM instances under the recipe `{recipe.name}` (SHA-256 "
        f"`{recipe.digest}`), as PS3.15 Section E.1.3 asks to be stated. Written by `casepack "
        "recipe show --conformance` from the tables and the code that do it: Table E.1-1 and "
        f"Table E.3.10-1 of PS3.15 {EDITION}, Attribute Types of PS3.3 {IOD_EDITION}."
    )


def _options(recipe: Recipe) -> Iterator[str]:
    methods = deidentification_methods()
    yield from ("", "## Profile and Options", "", "| Code | Method (CID 7050) | State |")
    yield "|---|---|---|"
    yield f"| {BASIC_PROFILE_CODE} | {methods[BASIC_PROFILE_CODE].meaning} | carried out |"
    for option in Option:
        if option not in recipe.options:
            state = "not declared"
        elif option in carried_out(recipe.options):
            state = "carried out"
        else:
            state = "declared, not carried out: what it would clean is removed or held"
        yield f"| {option.value} | {methods[option.value].meaning} | {state} |"
    yield ""
    yield "Codes are written only for what is carried out."
    for option in Option:
        if option in carried_out(recipe.options):
            yield from ("", f"**{methods[option.value].meaning}.** {MANNER[option]}")


def _sop_classes(recipe: Recipe) -> Iterator[str]:
    yield from ("", "## SOP Classes", "")
    open_classes, held = [], dict[str, list[str]]()
    for uid in storage_classes():
        try:
            refuse_held_class(uid, recipe.options)
        except InstanceHeld as error:
            held.setdefault(error.reason, []).append(sop_class_name(uid))
        else:
            open_classes.append(sop_class_name(uid))
    yield f"De-identified ({len(open_classes)}): {'; '.join(sorted(open_classes))}."
    yield ""
    yield "Held, which means never passed on, with the reason code that reports give:"
    yield ""
    for reason, names in sorted(held.items()):
        yield f"- `{reason}`: {'; '.join(sorted(names))}."
    yield f"- `{Reason.SOP_CLASS_PRIVATE}`: private SOP Classes, and any that PS3.6 does not list."
    yield ""
    yield "An instance of any SOP Class is held when it cannot be treated safely:"
    yield ""
    named = {*held, Reason.SOP_CLASS_PRIVATE}
    yield from (
        f"- `{reason}`: {reason.advice}."
        for reason in Reason
        if reason.held and reason not in named
    )


def _attributes(plan: Plan) -> Iterator[str]:
    """Yield the Attributes that are listed or named by the recipe, by what happens to them."""
    yield from ("", "## Attributes", "")
    yield (
        "Treated at top level and in the Items of every Sequence. A compound code of Table "
        "E.1-1 is resolved by the Type of the Attribute in the IOD of the SOP Class, at its "
        "place: Type 3, Type 2 (and 2C), Type 1 (and 1C). `gap` marks Attributes that Table "
        "E.1-1 does not list and that casepack treats as if it did."
    )
    named = {line.tag for line in plan.recipe.lines if line.tag is not None}
    alike: dict[tuple[Action, ...], list[tuple[int, str]]] = {}
    for tag in sorted({*profile_rows(), *named}):
        rules = [plan.rule_of_type((tag,), attribute_type) for attribute_type in _TYPES]
        key = tuple(rule.action for rule in rules)
        alike.setdefault(key, []).append((tag, rules[0].source.removeprefix("E.1-1").strip()))
    for actions, tags in sorted(alike.items(), key=_by_strictness):
        yield from ("", f"### {_resolved(actions)} ({len(tags)})", "")
        yield from _tag_lines(tags)


_ORDER: Final = (
    Action.REMOVE,
    Action.ZERO,
    Action.DUMMY,
    Action.UID,
    Action.CLEAN,
    Action.KEEP,
)


def _by_strictness(item: tuple[tuple[Action, ...], object]) -> tuple[int, ...]:
    return tuple(_ORDER.index(action) for action in item[0])


def _resolved(actions: Sequence[Action]) -> str:
    rest = [
        f"{_WORDS[action]} if Type {name}"
        for action, name in zip(actions[1:], ("2", "1"), strict=True)
        if action is not actions[0]
    ]
    first = _WORDS[actions[0]]
    return "; ".join([first[0].upper() + first[1:], *rest])


def _tag_lines(tags: Iterable[tuple[int, str]]) -> Iterator[str]:
    yield "| Tag | Name | By |"
    yield "|---|---|---|"
    for tag, source in tags:
        yield f"| {format_tag(tag)} | {attribute_name(tag)} | {source or 'E.1-1'} |"


def _rules() -> Iterator[str]:
    yield from ("", "### All others", "")
    yield from OTHERS


def _dummies() -> Iterator[str]:
    yield from ("", "## Dummy values", "")
    yield (
        "A dummy depends on the Value Representation alone, not on the original. It is repeated as "
        "often as the Attribute must have values."
    )
    yield from ("", "| VR | Dummy |", "|---|---|")
    for vr, value in sorted(DUMMIES.items()):
        shown = f"`{value.decode()}`" if value.strip(b"\x00") else f"{len(value)} zero bytes"
        yield f"| {vr} | {shown} |"
    names = ", ".join(attribute_name(tag) for tag in REQUIRED_VALUES)
    yield ""
    yield (
        f"{names} always have a value, since directory records and derived objects need one: "
        "Patient ID and Study ID are codes derived from the original by HMAC-SHA256 with the "
        "secret key, Patient's Name is made of the code, date and time are those above unless "
        "an Option retains them. A Sequence of codes becomes the code (REMOVED, 99CASEPACK). "
        "A code of a scheme that is not public becomes that code too; where the Clean Descriptors "
        "Option is carried out, its cleaned meaning with a digest of it for a code."
    )


def _inserted(recipe: Recipe, plan: Plan) -> Iterator[str]:
    yield from ("", "## Inserted Attributes", "")
    stamps = deidentification_stamps(recipe, plan.options, EXPLICIT_LITTLE)
    for tag, _encoded in stamps:
        yield f"- {format_tag(tag)} {attribute_name(tag)}"
    empty = ", ".join(attribute_name(tag) for tag in REQUIRED_EMPTY)
    yield f"- if absent, empty: {empty}"
    yield (
        "- in MR Image, from private Attributes that go: Diffusion b-value, Diffusion Gradient "
        "Orientation, In-plane Phase Encoding Direction (a Standard Extended SOP Class)"
    )
    for line in recipe.lines:
        if line.action is HeaderAction.ADD and line.tag is not None:
            yield (
                f"- {format_tag(line.tag)} {attribute_name(line.tag)}, where the IOD defines it "
                f"({line.source})"
            )


def _dates(recipe: Recipe) -> Iterator[str]:
    yield from ("", "## Dates and times", "")
    done = carried_out(recipe.options)
    for option in (
        Option.RETAIN_LONGITUDINAL_FULL_DATES,
        Option.RETAIN_LONGITUDINAL_MODIFIED_DATES,
    ):
        if option in done:
            yield MANNER[option]
            return
    yield "No date or time of the original is retained; those that must have a value get the dummy."


def _uids(recipe: Recipe) -> Iterator[str]:
    yield from ("", "## UIDs and referential integrity", "")
    if Option.RETAIN_UIDS in carried_out(recipe.options):
        yield "UIDs are retained, so references stay as they are."
        return
    yield (
        "A UID of an instance, wherever it stands, becomes `2.25.` and the decimal form of a "
        "UUID made of HMAC-SHA256(secret key, UID). Equal UIDs become equal UIDs in all "
        "instances, studies, patients and runs under the same key: that is the scope of "
        "referential integrity. Without a key file the key is random and its scope is one run. "
        "Two UIDs that would become one end the run. Structural UIDs (SOP Classes, Transfer "
        "Syntaxes, code systems) stay."
    )


def _encryption() -> Iterator[str]:
    yield from ("", "## Encrypted Attributes", "")
    yield (
        "None are written, and those of the original are removed. What links old and new is "
        "written apart from the result, on request only (`--crosswalk`)."
    )


def _transfer_syntaxes() -> Iterator[str]:
    yield from ("", "## Transfer Syntaxes", "")
    yield (
        "Read, and written as read; Pixel Data keep their encoded bytes, unless text in them is "
        "covered: then Explicit VR Little Endian stands in for what has no lossless encoder. Any "
        "other is held "
        f"(`{Reason.TRANSFER_SYNTAX_UNKNOWN}`)."
    )
    yield ""
    yield from (f"- {sop_class_name(uid)} ({uid})" for uid in sorted(transfer_syntaxes()))


def _private(recipe: Recipe) -> Iterator[str]:
    yield from ("", "## Retained private Attributes", "")
    alike: dict[tuple[str, int, str], list[str]] = {}
    for creator, group, element, vr, source in retained_private(recipe):
        shown = f"{element:02X} ({vr})" if vr else f"{element:02X}"
        alike.setdefault((creator, group, source), []).append(shown)
    if not alike:
        yield "None."
        return
    yield from ("| Private Creator | Group | Elements (VR) | By |", "|---|---|---|---|")
    for (creator, group, source), elements in sorted(alike.items()):
        yield f"| {creator} | {group:04X} | {', '.join(elements)} | {source} |"


def _lines(recipe: Recipe) -> Iterator[str]:
    yield from ("", "## Lines of the recipe", "")
    if not recipe.lines:
        yield "None: the Profile with its Options decides alone."
    for line in recipe.lines:
        value = f" {line.value}" if line.value is not None else ""
        yield f"- `{line.action} {line.selector.text}{value}` ({line.source})"
    if recipe.overrides:
        yield from ("", "Beyond the Profile, each with its reason:", "")
        yield from (f"- {override}" for override in recipe.overrides)
    if recipe.not_carried_out:
        yield from ("", "Read and not used:", "")
        yield from (f"- {text}" for text in recipe.not_carried_out)
