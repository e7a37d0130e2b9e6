"""`shinso export` and `shinso serve`: a trained network outside of shinso."""

from pathlib import Path
from typing import Annotated

import typer

from shinso.cli._app import OUTPUT, RunFolder, app, refuse_folder, saying
from shinso.cli._options import option


@app.command(
    epilog="Examples:  shinso export runs/digits-1 --html digits.html  |  shinso export runs/iris-1 --onnx iris.onnx"
)
def export(
    run: RunFolder,
    html: Annotated[
        Path | None, option(OUTPUT, "HTML page to write.", "RUN/network.html", name="--html", metavar="FILE")
    ] = None,
    onnx: Annotated[Path | None, option(OUTPUT, "ONNX file to write.", False, name="--onnx", metavar="FILE")] = None,
    safetensors: Annotated[
        Path | None, option(OUTPUT, "Safetensors file to write.", False, name="--safetensors", metavar="FILE")
    ] = None,
) -> None:
    """Write a network as a file that other programs run.

    [bold]--html[/]: a page that runs without Python: draw a digit, or fill in the columns of a table.
    [bold]--onnx[/]: for ONNX Runtime and others; arrays and images are scaled inside, a table's encoder stands in the
    file's metadata. Needs the extra [bold]export[/]: pip install 'shinso[export]'.
    [bold]--safetensors[/]: the parameters by name; encoder, classes and the network's recipe stand in the file's metadata.
    """
    from shinso.deploy import NEEDS_EXPORT, export_onnx, export_safetensors
    from shinso.studio import export_html
    from shinso.training import load

    for path in (html, onnx, safetensors):
        refuse_folder(path)
    loaded = load(run)
    if html is not None or (onnx is None and safetensors is None):
        typer.echo(export_html(loaded, html or run / "network.html"))
    if safetensors is not None:
        typer.echo(export_safetensors(loaded, safetensors))
    if onnx is not None:
        with saying(NEEDS_EXPORT):
            typer.echo(export_onnx(loaded, onnx))


@app.command(epilog="Example:  shinso serve runs/iris-1 --port 8080")
def serve(
    run: RunFolder,
    host: Annotated[
        str, option(OUTPUT, "Address to listen on; others than this machine's own ask for a token.", metavar="ADDRESS")
    ] = "127.0.0.1",
    port: Annotated[int, option(OUTPUT, "Port; one in use is passed over for the next.", metavar="PORT")] = 8000,
) -> None:
    """Answer for a run by JSON over HTTP: POST /predict with {"rows": [{"COLUMN": VALUE, …}, …]}.

    The answer has a prediction for each row, probabilities or, where [bold]shinso posterior RUN[/] was made, standard
    deviations and 95 % intervals, and notes about unseen categories, missing and far values. /docs says what a row must
    hold. Needs the extra [bold]studio[/]: pip install 'shinso[studio]'.
    """
    from shinso.deploy import NEEDS_WEB, serve_run

    with saying(NEEDS_WEB):
        serve_run(run, host=host, port=port, told=typer.echo)
