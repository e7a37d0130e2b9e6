"""Write docs/settings.md: every setting, from the table in `shinso.settings`.

python docs/make_settings.py
"""

from pathlib import Path

from shinso.settings import PANELS, default_of, rows
from shinso.settings._accepted import Flag, Name, Number, Sizes, Text, Texts, Whole

PAGE = Path(__file__).resolve().parent / "settings.md"

HEAD = """# Settings

Written by `docs/make_settings.py` from the table in `shinso.settings`. Each is a key of a settings file, an option of
`shinso train` and `shinso tune` (with hyphens: `--learning-rate`), and, where it concerns network, cost or training, an
argument of `NetworkClassifier`, `NetworkRegressor` and `SequenceClassifier`. What is left out is chosen by the data:
`shinso.settings.complete` says how. *Searched* is what `shinso tune` may vary.
"""


def page() -> str:
    """Return the text of the page."""
    parts = [HEAD]
    for panel in PANELS:
        lines = [f"## {panel}", "", "| setting | what | accepted | default | searched |", "|---|---|---|---|---|"]
        for name, row in rows().items():
            if row.panel == panel:
                searched = "" if row.searched is None else "side by side" if row.searched.number else "yes"
                default = f"`{default_of(name)}`" if row.default is None else row.default or "none"
                lines.append(
                    f"| `{name}` | {_cell(row.help)} | {_cell(_accepted(row.accepted))} | {_cell(default)} | {searched} |"
                )
        parts.append("\n".join(lines) + "\n")
    return "\n".join(parts)


def _accepted(accepted: object) -> str:
    match accepted:
        case Name(names=names):
            return ", ".join(f"`{name}`" for name in names)
        case Number(least=least, above=above, below=below, most=most):
            bounds = [("≥", least), (">", above), ("<", below), ("≤", most)]
            return " and ".join(f"{sign} {bound:g}" for sign, bound in bounds if abs(bound) != float("inf"))
        case Whole(least=least):
            return f"whole number ≥ {least}"
        case Sizes():
            return "whole numbers ≥ 1"
        case Flag():
            return "yes or no"
        case Texts():
            return "one text or several"
        case Text():
            return "text"
    raise TypeError(f"the page has no words for {accepted!r}")


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
