"""`shinso sample`."""

from typing import Annotated

import typer

from shinso.cli._app import OUTPUT, RunFolder, app
from shinso.cli._options import option


@app.command(epilog='Example:  shinso sample runs/alice-1 --start "Alice" --temperature 0.7')
def sample(
    run: RunFolder,
    start: Annotated[str, option(OUTPUT, "What the text begins with.", "a new line")] = "",
    length: Annotated[int, option(OUTPUT, "Characters to draw.")] = 500,
    temperature: Annotated[
        float, option(OUTPUT, "1 draws from the model; towards 0 the likeliest character wins.")
    ] = 1.0,
    seed: Annotated[int, option(OUTPUT, "Same seed, same text.")] = 0,
) -> None:
    """Draw a text from a language model, character by character."""
    from shinso.experiment import sample_run

    typer.echo(sample_run(run, start=start, length=length, temperature=temperature, seed=seed))
