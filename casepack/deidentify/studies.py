"""The studies of a patient, de-identified: files over processes, outcomes put together again."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Final

from casepack.deidentify.actions import Context, compile_echo
from casepack.deidentify.crosswalk import Crosswalk
from casepack.deidentify.elements import Applied
from casepack.deidentify.instance import SOFTWARE, InstanceDeidentifier, Placed
from casepack.deidentify.journal import Journal, Outcome
from casepack.deidentify.looking import look_at_pixels
from casepack.deidentify.plan import carried_out
from casepack.deidentify.pseudonyms import Pseudonyms
from casepack.deidentify.review import NO_DECISIONS, Decisions, ReviewRow
from casepack.errors import CasepackError, InstanceHeld, StudyError
from casepack.model import (
    Action,
    ActionCount,
    Deidentified,
    FileSet,
    Instance,
    Option,
    PixelRecord,
    Progress,
    Reason,
    Record,
    Series,
    Study,
    TextCounts,
    Unused,
    no_progress,
)
from casepack.recipe import OPTION_NAMES, Recipe
from casepack.standard.dictionary import attribute_name, format_tag
from casepack.standard.profile import EDITION
from casepack.workers import in_chunks, over_processes

if TYPE_CHECKING:
    from casepack.deidentify.cleaner import CleanedText, TextCleaner, TextFate

_CHUNK: Final = 16
_NOT_ASSESSED: Final = "not-assessed"


def deidentify_file_set(
    file_set: FileSet,
    recipe: Recipe,
    pseudonyms: Pseudonyms,
    root: Path,
    *,
    workers: int = 1,
    journal: Journal | None = None,
    decisions: Decisions = NO_DECISIONS,
    progress: Progress = no_progress,
) -> tuple[Deidentified, Crosswalk]:
    """De-identify all instances into ``root/<patient>/<study>/<series>/<instance>.dcm``.

    The same input, recipe and key give the same bytes, whatever the number of workers.

    Parameters
    ----------
    journal
        Where finished chunks are noted; what it says is finished already is not done again, and
        its UIDs and texts are not in the crosswalk.
    decisions
        What a person decided on the review sheet of an earlier run.

    Raises
    ------
    StudyError
        Every instance was held, or two original UIDs gave one pseudonym.
    TargetError
        A result cannot be written.
    """
    instances = file_set.instances
    looked = look_at_pixels(
        file_set,
        recipe,
        root,
        workers=workers,
        journal=journal,
        decisions=decisions,
        progress=progress,
    )
    context = Context(
        pseudonyms=pseudonyms,
        patient_id=file_set.patient_id,
        days_into_the_past=pseudonyms.days_into_the_past(file_set.patient_id),
        echo=compile_echo(file_set.identifiers),
        words=_words(file_set, recipe, decisions),
        covered=looked.covered if looked is not None else {},
    )
    deidentifier = InstanceDeidentifier(
        recipe=recipe,
        context=context,
        root=root,
        looks=looked.looks if looked is not None else None,
    )
    placed: dict[int, Placed] = {}
    held: list[Unused] = []
    applied: Counter[tuple[str, Applied]] = Counter()
    uids: dict[str, str] = {}
    texts: set[CleanedText] = set()
    fates: set[TextFate] = set()
    for outcome in _run(deidentifier, instances, workers, journal):
        placed.update(outcome.placed)
        held += [_held(instances[place], reason) for place, reason in outcome.held.items()]
        applied.update(outcome.totals.applied)
        uids.update(outcome.totals.uids)
        texts |= outcome.totals.texts
        fates |= outcome.fates
        progress("de-identify", len(placed) + len(held), len(instances))
    if not placed:
        raise StudyError(
            "every instance was held",
            advice="casepack inspect STUDY lists the files with the reason for each.",
        )
    if len(set(uids.values())) != len(uids):
        raise StudyError("two original UIDs gave one pseudonym", advice="Use another key file.")
    unused = (*file_set.unused, *held)
    result = Deidentified(
        root=root,
        studies=_group(file_set, placed),
        record=_record(
            recipe,
            applied,
            unused,
            texts=_count(fates),
            pixels=looked.record(placed) if looked is not None else None,
        ),
    )
    crosswalk = Crosswalk(
        uids=dict(sorted(uids.items())),
        patient_id_old=file_set.patient_id,
        patient_id_new=context.patient_code,
        days_into_the_past=context.days_into_the_past,
        unused=unused,
        review=_review_rows(texts),
        pixels=looked.review(placed, decisions) if looked is not None else None,
        originals=file_set,
        faces=looked.faces if looked is not None else {},
    )
    return result, crosswalk


def _count(fates: set[TextFate]) -> TextCounts | None:
    if not fates:
        return None
    # only who cleans waits for the words
    from casepack.deidentify.cleaner import count_texts  # noqa: PLC0415

    return count_texts(fates)


def _review_rows(texts: set[CleanedText]) -> tuple[ReviewRow, ...]:
    if not texts:
        return ()
    from casepack.deidentify.cleaner import review_rows  # noqa: PLC0415  # as above

    return tuple(review_rows(texts))


def _words(file_set: FileSet, recipe: Recipe, decisions: Decisions) -> TextCleaner | None:
    """Return what cleans texts of the study's own identifiers; None without the Option."""
    if Option.CLEAN_DESCRIPTORS not in recipe.options:
        return None
    from casepack.deidentify.cleaner import TextCleaner  # noqa: PLC0415  # as above
    from casepack.deidentify.study_echo import collect_study_echo  # noqa: PLC0415

    echo = collect_study_echo(file_set)
    return TextCleaner(echo, site_words=recipe.known_words, decisions=decisions)


def _held(instance: Instance, reason: Reason) -> Unused:
    return Unused(
        number=0, path=instance.path, reason=reason, sop_instance_uid=instance.sop_instance_uid
    )


def _run(
    deidentifier: InstanceDeidentifier,
    instances: Sequence[Instance],
    workers: int,
    journal: Journal | None,
) -> Iterator[Outcome]:
    """Yield the outcomes of finished chunks, then of those that are left."""
    root = deidentifier.root
    looks = journal.digest_looks(deidentifier.looks, instances) if journal is not None else ""
    finished = journal.read(root, instances, looks) if journal is not None else []
    yield from finished
    done = {number for outcome in finished for number in (*outcome.placed, *outcome.held)}
    numbered = [entry for entry in enumerate(instances) if entry[0] not in done]
    for outcome in _run_chunks(deidentifier, numbered, workers):
        if journal is not None:
            journal.append(root, outcome, instances, looks)
        yield outcome


def _run_chunks(
    deidentifier: InstanceDeidentifier, numbered: Sequence[tuple[int, Instance]], workers: int
) -> Iterator[Outcome]:
    """De-identify in chunks, here or in processes; outcomes come in the order of the files."""
    chunks = in_chunks(numbered, _CHUNK)
    # the first chunk loads the tables and compiles the plan, once for all processes
    alone = chunks[:1] if workers > 1 else chunks
    yield from over_processes(_deidentify_chunk, deidentifier, alone, 1)
    yield from over_processes(_deidentify_chunk, deidentifier, chunks[len(alone) :], workers)


def _deidentify_chunk(
    deidentifier: InstanceDeidentifier, chunk: Iterable[tuple[int, Instance]]
) -> Outcome:
    placed: dict[int, Placed] = {}
    held: dict[int, Reason] = {}
    for number, instance in chunk:
        try:
            placed[number] = deidentifier.deidentify(instance)
        except InstanceHeld as error:
            held[number] = Reason(error.reason)
        except CasepackError:
            raise
        except Exception:  # noqa: BLE001  # the boundary: its text may quote a value of the input
            held[number] = Reason.NOT_UNDERSTOOD
    totals = deidentifier.take_totals()
    return Outcome(
        placed=placed,
        held=held,
        totals=totals,
        fates=_conceal(totals.texts, deidentifier.context.pseudonyms),
    )


def _conceal(texts: frozenset[CleanedText], pseudonyms: Pseudonyms) -> frozenset[TextFate]:
    if not texts:
        return frozenset()
    from casepack.deidentify.cleaner import conceal_text  # noqa: PLC0415  # as above

    return frozenset(conceal_text(text, pseudonyms) for text in texts)


def _group(file_set: FileSet, placed: Mapping[int, Placed]) -> tuple[Study, ...]:
    """Return the new studies in the order of the old ones, without what was held."""
    numbers = iter(range(len(file_set.instances)))
    studies = []
    for study in file_set.studies:
        series = []
        found: list[Placed] = []
        for old in study.series:
            new = [placed[n] for n in islice(numbers, len(old.instances)) if n in placed]
            if new:
                found += new
                series.append(
                    Series(
                        series_instance_uid=new[0].series_instance_uid,
                        modality=new[0].modality,
                        number=old.number,
                        instances=tuple(entry.instance for entry in new),
                    )
                )
        if found:
            studies.append(
                Study(
                    study_instance_uid=found[0].study_instance_uid,
                    date=found[0].date,
                    time=found[0].time,
                    series=tuple(series),
                )
            )
    return tuple(studies)


def _record(
    recipe: Recipe,
    applied: Mapping[tuple[str, Applied], int],
    unused: Iterable[Unused],
    *,
    texts: TextCounts | None,
    pixels: PixelRecord | None,
) -> Record:
    faces = dict((pixels.faces if pixels is not None else None) or ())
    options = carried_out(recipe.options)
    if faces.get(_NOT_ASSESSED):
        options -= {Option.CLEAN_RECOGNIZABLE_VISUAL_FEATURES}
    return Record(
        software=SOFTWARE,
        recipe=recipe.name,
        recipe_digest=recipe.digest,
        edition=EDITION,
        options=tuple(sorted(options, key=lambda option: option.value)),
        overrides=recipe.overrides,
        actions=_action_counts(applied),
        unused=tuple(sorted(Counter(item.reason for item in unused).items())),
        not_carried_out=_not_carried_out(recipe, faces),
        texts=texts,
        pixels=pixels,
    )


def _not_carried_out(recipe: Recipe, faces: Mapping[str, int]) -> tuple[str, ...]:
    left = recipe.options - carried_out(recipe.options)
    options = [f"Option {name}" for name, option in OPTION_NAMES.items() if option in left]
    if count := faces.get(_NOT_ASSESSED):
        options.append(
            "Option CleanRecognizableVisualFeatures: faces were not assessed in "
            f"{count} of {sum(faces.values())} images"
        )
    return (*options, *recipe.not_carried_out)


def _action_counts(applied: Mapping[tuple[str, Applied], int]) -> tuple[ActionCount, ...]:
    """Return the counts by SOP Class and tag; private tags, which are anybody's, as one."""
    counts: Counter[tuple[str, str, str, Action, str]] = Counter()
    for (sop_class, done), count in applied.items():
        private = done.tag >> 16 & 1
        tag = "(odd groups)" if private else format_tag(done.tag)
        name = "Private Attributes" if private else attribute_name(done.tag)
        counts[sop_class, tag, name, done.action, done.source] += count
    return tuple(
        ActionCount(
            sop_class_uid=key[0], tag=key[1], name=key[2], action=key[3], source=key[4], count=count
        )
        for key, count in sorted(counts.items())
    )
