"""`shinso curvature`: what may be asked, and what a person is shown."""

import math
from pathlib import Path
from typing import Annotated, Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from shinso._kinds import Kinds
from shinso.cli._app import OUTPUT, DataDir, RunFolder, app, console, refuse_folder
from shinso.cli._options import option

CURVATURE = "Curvature"
_MATRICES = Kinds(
    {
        "hessian": "curvature:hessian",
        "gauss_newton": ":gauss_newton",
        "outer_product": ":outer_product",
        "finite_difference": ":finite_difference",
        "diagonal": ":diagonal_operator",
    }
)
"""What `--of` may name: functions of (model, objective, data)."""


@app.command(
    epilog="Examples:  shinso curvature runs/digits-1  |  shinso curvature runs/iris-1 --of gauss_newton --seed 1"
)
def curvature(
    run: RunFolder,
    of: Annotated[
        str,
        option(
            CURVATURE,
            "hessian: second derivatives of the cost; gauss_newton: their part without negative curvature; outer_product: "
            "mean of the gradients' products; finite_difference: central differences of the gradient; diagonal: by "
            "recursion, off-diagonal terms neglected.",
            metavar="NAME",
        ),
    ] = "hessian",
    seed: Annotated[int, option(CURVATURE, "Of the estimates, for more than 1,000 parameters.")] = 0,
    data_dir: DataDir = None,
    out: Annotated[
        Path | None,
        option(OUTPUT, "Picture of the spectrum: PNG, SVG or PDF.", "RUN/spectrum-NAME.svg", metavar="FILE"),
    ] = None,
) -> None:
    """Show the shape of the cost where training ended: sharpness, condition number, traces, spectrum.

    The largest eigenvalue is the sharpness: gradient descent diverges with a learning rate above 2/sharpness. A large
    condition number makes it slow; negative eigenvalues say that this is no minimum.
    """
    from shinso import _threefry
    from shinso._checks import one_of
    from shinso.curvature import summarize
    from shinso.experiment import data_of_run
    from shinso.report import renew, save_figure, spectrum_figure
    from shinso.training import load_run

    one_of("of", of, tuple(_MATRICES))
    path = out or run / f"spectrum-{of}.svg"
    refuse_folder(out)
    loaded = load_run(run)
    operator = _MATRICES[of](loaded.model, loaded.objective, data_of_run(loaded, data_dir).training)
    found = summarize(operator, key=_threefry.key_of(seed))
    save_figure(spectrum_figure(found.density), path)
    renew(run)
    show_curvature(console(), found, of, path)


def show_curvature(console: Console, found: Any, of: str, path: Path) -> None:
    """Show the figures of a curvature matrix, and each layer's share of the trace."""
    how = "all eigenvalues" if found.exact else "Lanczos and random probes"
    table = Table.grid(padding=(0, 2))
    table.add_column(style="dim", no_wrap=True)
    table.add_column()
    table.add_row("curvature", f"{of.replace('_', ' ')}, {found.size:,} parameters, {how}")
    table.add_row("sharpness", Text(f"{found.largest:.4g}{_error(found.largest_error)}", style="bold"))
    table.add_row("smallest eigenvalue", f"{found.smallest:.4g}{_error(found.smallest_error)}")
    table.add_row("condition number", _condition(found))
    table.add_row("trace", f"{found.trace:.4g}{_error(found.trace_error)}")
    for layer, share in found.traces.items():
        table.add_row(f"  of {layer}", f"{share:.4g}")
    table.add_row("spectrum", str(path))
    console.print(table)


def _error(error: float) -> str:
    return f" ± {error:.2g}" if error and math.isfinite(error) else ""


def _condition(found: Any) -> str:
    if found.condition_number is None:
        return "unknown: the smallest eigenvalues are too close to 0, or of both signs"
    least = "" if found.exact else "at least "
    if not math.isfinite(found.condition_number):
        return "infinite: a direction in which the cost is flat"
    return f"{least}{found.condition_number:.4g}"
