"""How templates of pages are filled."""

import functools
import math

from jinja2 import Environment, PackageLoader, StrictUndefined

from shinso._words import count, percent, shortened


@functools.cache
def environment() -> Environment:
    """Return what fills templates: names that come from data are escaped, and none may be missing."""
    made = Environment(
        loader=PackageLoader("shinso.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters |= {
        "percent": percent,
        "count": count,
        "shortened": shortened,
        "width": lambda value: 0 if math.isnan(value) else round(value, 1),
    }
    return made
