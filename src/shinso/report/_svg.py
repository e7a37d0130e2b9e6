"""A figure as SVG that lives inside the page."""

import io
import re
import threading

import matplotlib
from markupsafe import Markup, escape
from matplotlib.figure import Figure

from shinso.report._palette import CSS

_LOCK = threading.Lock()  # rc_context changes settings of the whole process


def inline_svg(figure: Figure, prefix: str, description: str) -> Markup:
    """Return `figure` as an `<svg>` element for a page.

    Text stays text, in the page's font. Colours of `shinso.report._palette` become CSS variables. Identifiers are
    numbered behind `prefix`: several figures live on one page, and the same figure gives the same bytes.

    Args:
        figure: any matplotlib figure.
        prefix: letters that no other figure on the page uses.
        description: what the figure shows, for those who cannot see it.
    """
    buffer = io.StringIO()
    with _LOCK, matplotlib.rc_context({"svg.fonttype": "none", "svg.hashsalt": prefix, "path.simplify": True}):
        figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None, "Format": None, "Type": None})
    svg = buffer.getvalue()
    body = svg[svg.index("<svg") :]
    box = re.search(r'viewBox="([^"]+)"', body)
    if box is None:
        raise ValueError("figure must give an SVG with a view box.")
    body = body[body.index(">") + 1 :]
    body = re.sub(r"<metadata>.*?</metadata>", "", body, flags=re.DOTALL)
    body = re.sub(r"<!--.*?-->\n?", "", body, flags=re.DOTALL)
    body = body.replace("xlink:href", "href")
    body = re.sub(r"(font:[^;\"]*?px) [^;\"]*", r"\1 inherit", body)
    body = _rename(body, prefix)
    for colour, variable in CSS.items():
        body = body.replace(colour, variable)
    opening = f'<svg class="plot" role="img" viewBox="{box[1]}" aria-label="{escape(description)}">'
    return Markup(opening + body)


def _rename(body: str, prefix: str) -> str:
    """Number the identifiers that are referred to in `body`, and drop the others."""
    used = dict.fromkeys(re.findall(r'(?:url\(#|href="#)([\w.-]+)', body))
    names = {old: f"{prefix}-{number}" for number, old in enumerate(used)}

    def definition(match: re.Match[str]) -> str:
        return f' id="{names[match[1]]}"' if match[1] in names else ""

    body = re.sub(r'(?<=[\w"]) id="([\w.-]+)"', definition, body)
    return re.sub(r'(url\(#|href="#)([\w.-]+)', lambda match: match[1] + names[match[2]], body)
