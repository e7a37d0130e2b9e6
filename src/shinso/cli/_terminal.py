"""Terminals and pipes that cannot show every character: words of ASCII stand for the marks they lack."""

import codecs
import sys
import unicodedata

_WORDS = {
    "²": "2",
    "³": "3",
    "×": "x",
    "±": "+/-",
    "·": "*",
    "√": "sqrt ",
    "∞": "inf",
    "∂": "d",
    "Σ": "sum ",
    "∇": "grad ",
    "≤": "<=",
    "≥": ">=",
    "≈": "~",
    "≠": "!=",
    "→": "->",
    "←": "<-",
    "↔": "<->",
    "…": "...",
    "−": "-",
    "–": "-",
    "—": "-",
    "“": '"',
    "”": '"',
    "‘": "'",
    "’": "'",
    "\u00a0": " ",
    "\u202f": " ",
    "\u2009": " ",
    "•": "*",
    "α": "alpha",
    "β": "beta",
    "γ": "gamma",
    "δ": "delta",
    "ε": "epsilon",
    "η": "eta",
    "θ": "theta",
    "λ": "lambda",
    "μ": "mu",
    "π": "pi",
    "ρ": "rho",
    "σ": "sigma",
    "τ": "tau",
    "ß": "ss",
    "─": "-",
    "━": "-",
    "│": "|",
    "█": "#",
}
_NAME = "shinso.words"


def show_anything() -> None:
    """Let standard output and standard error take any text, whatever their encoding is."""
    codecs.register_error(_NAME, _in_words)
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors=_NAME)


def _in_words(error: UnicodeError) -> tuple[str, int]:
    """Return what stands for characters that an encoding lacks, and where to go on."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    words = []
    for mark in error.object[error.start : error.end]:
        plain = unicodedata.normalize("NFKD", mark).encode("ascii", "ignore").decode()
        words.append(_WORDS.get(mark) or plain or "?")
    return "".join(words), error.end
