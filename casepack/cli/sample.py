"""Commands to try casepack with: sample, demo."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from casepack.cli.terminal import EXIT_DONE, map_errors, show_progress

_SEED = 1
_SLICES = 15
_SIZE = 320


def add_to(app: typer.Typer) -> None:
    """Add the commands to the program."""
    app.command("sample")(map_errors(sample))
    app.command("demo")(map_errors(demo))


def sample(
    out: Annotated[Path, typer.Argument(help="Folder to write; must not exist or be empty.")],
    seed: Annotated[int, typer.Option("--seed", help="Another seed, another patient.")] = _SEED,
    slices: Annotated[
        int, typer.Option("--slices", min=3, help="Slices of a sagittal series.")
    ] = _SLICES,
    size: Annotated[
        int, typer.Option("--size", min=64, max=1024, help="Rows and columns of an image.")
    ] = _SIZE,
) -> int:
    """Write a synthetic spine MR case with planted identifiers, to try casepack on.

    OUT/study holds the DICOM files of two examinations, OUT/case.yaml the case text,
    OUT/lesions.json the lesion as drawn, OUT/planted.json every identifier that must disappear.

    Example: casepack sample ./sample
    """
    from casepack.pipeline import make_sample

    with show_progress() as progress:
        make_sample(out, seed=seed, slices=slices, size=size, progress=progress)
    typer.echo(f"sample case written; next: casepack pack {out}/study OUT --case {out}/case.yaml")
    return EXIT_DONE


def demo(
    out: Annotated[
        Path, typer.Argument(help="Folder to write; must not exist or be empty.")
    ] = Path("demo"),
) -> int:
    """Run the main job on the sample: sample, pack, validate; then say where to open the page.

    Example: casepack demo
    """
    from casepack.cli.check import validate
    from casepack.cli.prepare import pack

    study, case, package = out / "sample" / "study", out / "sample" / "case.yaml", out / "iscm-0001"
    typer.echo("1. a synthetic study with planted identifiers")
    code = sample(out / "sample", seed=_SEED, slices=_SLICES, size=_SIZE)
    typer.echo("2. de-identify, verify, annotate, package")
    held = pack(study, package, case=case, workers=2)
    typer.echo("3. validate the package against the original study")
    code = code or validate(package, original=study)
    typer.echo(
        "One image, a screenshot, had a name drawn into it: it was held."
        if held
        else "One image, a screenshot, had a name drawn into it: the name was covered."
    )
    typer.echo(f"Open {(package / 'data' / 'index.html').absolute().as_uri()}")
    return code
