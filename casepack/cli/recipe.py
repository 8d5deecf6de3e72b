"""Commands about recipes: list, show."""

from __future__ import annotations

from typing import Annotated

import typer

from casepack.cli.terminal import EXIT_DONE, map_errors, show_table

app = typer.Typer(help="List and show recipes.", no_args_is_help=True, rich_markup_mode=None)


@app.command("list")
@map_errors
def list_command() -> int:
    """List the shipped recipes and the Options that they declare.

    Example: casepack recipe list
    """
    from casepack.recipe import list_recipes, read_recipe

    rows = []
    for name in list_recipes():
        options = sorted(read_recipe(name).options, key=lambda option: option.value)
        rows.append((name, "\n".join(option.name.replace("_", " ").lower() for option in options)))
    show_table("Shipped recipes", ("Recipe", "Options"), rows)
    return EXIT_DONE


@app.command("show")
@map_errors
def show(recipe: Annotated[str, typer.Argument(help="Shipped recipe, or a .dicom file.")]) -> int:
    """Print the text of a recipe, to start one of your own from.

    Example: casepack recipe show publication > mine.dicom
    """
    from casepack.recipe import read_recipe

    typer.echo(read_recipe(recipe).text, nl=False)
    return EXIT_DONE
