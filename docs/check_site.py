"""Say what is wrong in a built site: links that lead nowhere, and anything that a page fetches from elsewhere.

python -m docs.check_site site
"""

import re
import sys
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urldefrag, urlsplit

# Attributes whose address the browser fetches by itself. An `href` of a link is followed by a person.
_FETCHED = {"src", "srcset", "poster", "data"}
_IN_STYLES = re.compile(r"""(?:url\(\s*["']?|@import\s+["'])((?:https?:)?//[^"')\s]+)""")


class _Addresses(HTMLParser):
    """The addresses of one page, and the names its parts have."""

    def __init__(self) -> None:
        super().__init__()
        self.links: list[str] = []
        self.fetched: list[str] = []
        self.names: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Take one tag."""
        for name, value in attrs:
            if not value:
                continue
            if name == "id" or (tag == "a" and name == "name"):
                self.names.add(value)
            elif name in _FETCHED or (tag == "link" and name == "href"):
                self.fetched.append(value)
            elif tag == "a" and name == "href":
                self.links.append(value)


def faults(site: Path) -> Iterator[str]:
    """Yield a sentence for each fault of the site in the folder `site`."""
    pages = {path: _read(path) for path in sorted(site.rglob("*.html"))}
    for path, page in pages.items():
        where = path.relative_to(site)
        if path.name == "404.html":  # its addresses start from the root of a server
            continue
        for address in page.fetched:
            if urlsplit(address).netloc:
                yield f"{where} fetches {address}"
        for address in [*page.links, *page.fetched]:
            if not urlsplit(address).scheme and not urlsplit(address).netloc and not _leads(path, address, pages):
                yield f"{where} links to {address}, which is not there"
    for path in sorted(site.rglob("*.css")):
        yield from (
            f"{path.relative_to(site)} fetches {found}" for found in _IN_STYLES.findall(path.read_text("utf-8"))
        )


def _read(path: Path) -> _Addresses:
    page = _Addresses()
    page.feed(path.read_text(encoding="utf-8"))
    return page


def _leads(path: Path, address: str, pages: dict[Path, _Addresses]) -> bool:
    rest, part = urldefrag(address)
    target = (path.parent / unquote(urlsplit(rest).path)).resolve() if rest else path
    if target.is_dir():
        target = target / "index.html"
    known = {one.resolve(): page for one, page in pages.items()}.get(target.resolve())
    if known is None:
        return target.exists()
    return not part or part == "__top" or unquote(part) in known.names


if __name__ == "__main__":
    found = list(faults(Path(sys.argv[1]).resolve()))
    if found:
        sys.exit("\n".join(found))
