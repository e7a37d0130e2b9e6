"""The look that all pages share."""

from importlib import resources


def stylesheet() -> str:
    """Return the report's style sheet: its colours, light and dark, its type, sections, figures and tables."""
    return (resources.files("shinso.report") / "templates" / "page.css").read_text(encoding="utf-8")
