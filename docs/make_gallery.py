"""Write docs/gallery.md, every figure of the pages; with `--reports` also the reports it links to, docs/gallery/*.html.

python docs/make_gallery.py [--reports]
"""

import re
import sys
import tempfile
from pathlib import Path

DOCS = Path(__file__).resolve().parent
REPORTS = DOCS / "gallery"
NOT_SEARCHED = {"gallery.md", "index.md", "changelog.md"}

HEAD = """# Gallery

Written by `docs/make_gallery.py`.

## Reports

What training leaves beside the network, as it is: one file, which loads nothing.

"""
TITLES = {
    "digits": "handwritten digits of 8×8 pixels, a network of dense layers",
    "wine": "a table with three classes, all by the defaults",
    "diabetes": "a table with a number to predict, all by the defaults",
    "ensemble": "four networks that answer together",
}


def figures(path: Path) -> list[str]:
    """Return the drawn figures of a page, as it shows them."""
    return re.findall(r"!\[[^\]]*\]\([^)]+\.svg\)", path.read_text(encoding="utf-8"))


def page() -> str:
    """Return the text of the page."""
    parts = [HEAD + "\n".join(f"- [{name}](gallery/{name}.html): {title}" for name, title in TITLES.items())]
    parts.append(
        "## Figures\n\nWhat they show, and the script that made each, stands on the page that the heading names."
    )
    for path in sorted(DOCS.glob("*.md")):
        if path.name not in NOT_SEARCHED and (shown := figures(path)):
            title = path.read_text(encoding="utf-8").partition("\n")[0].removeprefix("# ")
            parts += [f"### [{title}]({path.name})", *shown]
    return "\n\n".join(parts) + "\n"


def write_reports() -> None:
    """Train the networks of the gallery, and write their reports; half a minute."""
    from sklearn.datasets import load_diabetes, load_wine

    from shinso import report
    from shinso.experiment import run_experiment
    from shinso.settings import Settings

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for load in (load_wine, load_diabetes):
            table = load(as_frame=True).frame
            table.to_csv(folder / f"{load.__name__.removeprefix('load_')}.csv", index=False)
        wine, diabetes = str(folder / "wine.csv"), str(folder / "diabetes.csv")
        chosen = {
            "digits": Settings(source="digits", network="mlp", epochs=30),
            "wine": Settings(source=wine, target="target", kind="classification"),
            "diabetes": Settings(source=diabetes, target="target"),
            "ensemble": Settings(source=wine, target="target", kind="classification", members=4),
        }
        REPORTS.mkdir(exist_ok=True)
        for which, settings in chosen.items():
            report.write(run_experiment(settings, folder=folder / which), REPORTS / f"{which}.html")


if __name__ == "__main__":
    (DOCS / "gallery.md").write_text(page(), encoding="utf-8")
    if "--reports" in sys.argv[1:]:
        write_reports()
