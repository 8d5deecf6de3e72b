"""Commands that prepare a case: inspect, deid, annotate, pack."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperCommand

from casepack.cli.terminal import (
    EXIT_DONE,
    EXIT_HELD,
    EXIT_USAGE,
    map_errors,
    show_doubts,
    show_error,
    show_progress,
    show_table,
    show_unused,
)

if TYPE_CHECKING:
    from casepack.pipeline import Outcome, Settings

StudyFolder = Annotated[Path, typer.Argument(help="Folder with the DICOM files of one patient.")]
Study = Annotated[
    Path,
    typer.Argument(help="Folder with the DICOM files of one patient, or a query file for a PACS."),
]
OutFolder = Annotated[Path, typer.Argument(help="Folder to write; must not exist or be empty.")]
RecipeName = Annotated[str, typer.Option("--recipe", help="Shipped recipe, or a .dicom file.")]
KeyFile = Annotated[
    Path | None,
    typer.Option("--key-file", help="Key for the pseudonyms; without: a fresh one, not kept."),
]
CrosswalkFolder = Annotated[
    Path | None,
    typer.Option("--crosswalk", help="Folder for what links old and new. Keep it secret."),
]
ApprovedSheet = Annotated[
    Path | None,
    typer.Option("--approved", help="review.csv of an earlier run's crosswalk, with decisions."),
]
Workers = Annotated[int, typer.Option("--workers", min=1, help="Processes to use.")]


_NO_DICOM = (
    "--no-dicom is refused: a package without its images cannot be checked. Figures are tied to "
    "SOP Instances, lesions to voxels, and the de-identification report speaks of files that a "
    "reader must be able to look at. For pictures alone take figures/ and preview/ out of a "
    "package."
)


class _PackCommand(TyperCommand):
    """Says why there is no package without DICOM, in place of "no such option"."""

    # the context is click's, or Typer's own copy of it, by version
    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:  # noqa: ANN401
        if "--no-dicom" in args:
            show_error(_NO_DICOM, "")
            ctx.exit(EXIT_USAGE)
        parsed: list[str] = super().parse_args(ctx, args)
        return parsed


def add_to(app: typer.Typer) -> None:
    """Add the commands to the program."""
    app.command("inspect")(map_errors(inspect))
    app.command("deid")(map_errors(deid))
    app.command("annotate")(map_errors(annotate))
    app.command("pack", cls=_PackCommand)(map_errors(pack))


def inspect(study: StudyFolder) -> int:
    """Show the series of a folder, and which files the default recipe would hold and why.

    The output names files of the original study: do not publish it.

    Example: casepack inspect ./study
    """
    from casepack.deidentify.plan import refuse_held_class
    from casepack.errors import InstanceHeld
    from casepack.recipe import read_recipe
    from casepack.study import read_file_set

    with show_progress() as progress:
        file_set = read_file_set(study, progress=progress)
    rows = [
        (place, series.number, series.modality, len(series.instances), _megabytes(series.instances))
        for place, found in enumerate(file_set.studies, 1)
        for series in found.series
    ]
    show_table(
        f"{len(file_set.studies)} study(ies), {len(file_set.instances)} instance(s)",
        ("Study", "Series", "Modality", "Instances", "MB"),
        rows,
    )
    held = 0
    options = read_recipe("publication").options
    for item in file_set.unused:
        held += item.reason.held
        name = item.path.relative_to(study)
        typer.echo(f"file {item.number}  {item.reason}  {name}  ({item.reason.advice})")
    for instance in file_set.instances:
        try:
            refuse_held_class(instance.sop_class_uid, options)
        except InstanceHeld as error:
            held += 1
            typer.echo(f"would be held  {error.reason}  {instance.path.relative_to(study)}")
    return EXIT_HELD if held else EXIT_DONE


def _megabytes(instances: tuple[object, ...]) -> str:
    size = sum(getattr(instance, "path").stat().st_size for instance in instances)  # noqa: B009
    return f"{size / 1e6:.1f}"


def deid(
    study: Study,
    out: OutFolder,
    recipe: RecipeName = "publication",
    key_file: KeyFile = None,
    crosswalk: CrosswalkFolder = None,
    approved: ApprovedSheet = None,
    workers: Workers = 1,
) -> int:
    """De-identify a study by PS3.15 Annex E.

    Writes OUT/<patient>/<study>/<series>/<instance>.dcm, named from new identifiers, and
    OUT/report.json: what was done to which Attribute, on whose word.

    --crosswalk DIR also writes DIR/review.html and review.csv: each distinct text with its cleaned
    form, and each box of burned-in text with a picture before and after. Decide there
    which are right, save the sheet, and run again with --approved review.csv (and the same key
    file).

    Example: casepack deid ./study ./deidentified --key-file project.key
    """
    from casepack.pipeline import deidentify_study

    settings = _settings(recipe, key_file, crosswalk, approved, workers)
    return _make("De-identified", deidentify_study, study, out, settings)


def annotate(
    deidentified: Annotated[Path, typer.Argument(help="Folder that casepack deid wrote.")],
    case: Annotated[Path, typer.Argument(help="Case file that names the lesion drawings.")],
    crosswalk: Annotated[
        Path | None,
        typer.Option(
            "--crosswalk",
            metavar="DIR",
            help="Folder that casepack deid --crosswalk wrote: for drawings made on the original.",
        ),
    ] = None,
) -> int:
    """Write key objects and measurement reports of the lesions into a de-identified folder.

    Drawings that were made on the original study name its images by their old UIDs: with
    --crosswalk they find the new ones.

    Example: casepack annotate ./deidentified case.yaml --crosswalk ./crosswalk
    """
    from casepack.pipeline import annotate_folder

    count = annotate_folder(deidentified, case, crosswalk=crosswalk)
    typer.echo(f"{count} annotation object(s) written")
    return EXIT_DONE


def pack(
    study: Study,
    out: OutFolder,
    case: Annotated[Path | None, typer.Option("--case", help="Case file (YAML).")] = None,
    recipe: RecipeName = "publication",
    key_file: KeyFile = None,
    crosswalk: CrosswalkFolder = None,
    approved: ApprovedSheet = None,
    workers: Workers = 1,
) -> int:
    """De-identify, verify, annotate and package a study as OUT.

    OUT appears whole or not at all. There is no --no-dicom: what cannot be checked is not packed.
    Open OUT/data/index.html to read the case.

    Example: casepack pack ./study ./iscm-0001 --case case.yaml --key-file project.key
    """
    from casepack.pipeline import pack_study

    settings = _settings(recipe, key_file, crosswalk, approved, workers)
    return _make("Packaged", partial(pack_study, case_file=case), study, out, settings)


def _settings(
    recipe: str, key_file: Path | None, crosswalk: Path | None, approved: Path | None, workers: int
) -> Settings:
    from casepack.pipeline import Settings

    return Settings(
        recipe=recipe,
        key_file=key_file,
        crosswalk=crosswalk,
        approved=approved,
        workers=workers,
    )


def _make(
    title: str, make: Callable[..., Outcome], study: Path, out: Path, settings: Settings
) -> int:
    from casepack.exchange import open_study

    with show_progress() as progress, open_study(study, progress=progress) as folder:
        outcome = make(folder, out, settings, progress=progress)
    return _show_outcome(outcome, out, title)


def _show_outcome(outcome: Outcome, out: Path, title: str) -> int:
    show_unused(outcome.unused)
    studies = outcome.deidentified.studies
    rows: list[tuple[str, object]] = [
        ("studies", len(studies)),
        ("series", sum(len(study.series) for study in studies)),
        ("instances", len(outcome.deidentified.instances)),
        ("files held", len(outcome.held)),
        ("recipe", outcome.deidentified.record.recipe),
    ]
    pixels = outcome.deidentified.record.pixels
    if pixels is not None:
        rows += [
            ("images searched for burned-in text", pixels.examined),
            ("images with text covered", sum(one.text for _, one in pixels.changes)),
        ]
        if pixels.doubtful:
            rows.append(("images with shapes like text, for review", pixels.doubtful))
        if pixels.kept:
            rows.append(("images with text that is kept on your word", pixels.kept))
        faces = dict(pixels.faces or ())
        for status, what in (
            ("removed", "images with a face covered"),
            ("dropped", "localizers left out for faces"),
            ("not-assessed", "images not assessed for faces"),
        ):
            if faces.get(status):
                rows.append((what, faces[status]))
    show_doubts(outcome.doubts)
    recommended = sum(one.severity == "note" for one in outcome.doubts)
    if outcome.verified is not None:
        run = [check for check in outcome.verified.checks if not check.skipped]
        rows += [
            ("lesions", len(outcome.lesions)),
            ("checks passed", f"{len(run)} of {len(outcome.verified.checks)}"),
            ("warnings", len(outcome.verified.warnings)),
            ("doubts about the case file", len(outcome.doubts) - recommended),
            ("recommended parts not given", recommended),
        ]
    rows.append(("result", out))
    show_table(title, ("", ""), rows)
    return EXIT_HELD if outcome.held else EXIT_DONE
