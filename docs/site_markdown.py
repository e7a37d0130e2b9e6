"""What the site adds to Python-Markdown: equations as MathML, and no links to files that are not in the site.

MathML needs no script and no font, so a page shows its equations without a network. `make docs` finds
this module in `docs/`.
"""

import html
import re
from xml.etree.ElementTree import Element

from latex2mathml.converter import convert
from markdown import Markdown
from markdown.extensions import Extension
from markdown.postprocessors import Postprocessor
from markdown.treeprocessors import Treeprocessor

# What pymdownx.arithmatex leaves of $…$ and $$…$$.
_INLINE = re.compile(r'<span class="arithmatex">\\\((.*?)\\\)</span>', re.DOTALL)
_BLOCK = re.compile(r'<div class="arithmatex">\s*\\\[(.*?)\\\]\s*</div>', re.DOTALL)
_OUTSIDE = re.compile(r"(\.\./)+(tests|benchmarks|experiments|src)/")


class MathML(Postprocessor):
    """Writes every equation as MathML."""

    def run(self, text: str) -> str:
        """Return the page with its equations written."""
        text = _BLOCK.sub(lambda found: convert(html.unescape(found[1]).strip(), display="block"), text)
        return _INLINE.sub(lambda found: convert(html.unescape(found[1])), text)


class InsideOnly(Treeprocessor):
    """Leaves the words of a link to a file of the repository: they name it, and the site does not have it.

    Links of the changelog start from the root of the repository.
    """

    def run(self, root: Element) -> None:
        """Change the page in place."""
        for link in root.iter("a"):
            if _OUTSIDE.match(link.get("href", "")):
                link.tag, link.attrib = "span", {}
            elif "href" in link.attrib:
                link.set("href", link.get("href", "").removeprefix("docs/"))


class SiteMarkdown(Extension):
    """Both of them."""

    def extendMarkdown(self, md: Markdown) -> None:
        """Add them to a converter: links after they were found, equations after everything."""
        md.treeprocessors.register(InsideOnly(md), "inside_only", 5)
        md.postprocessors.register(MathML(md), "mathml", 0)


def makeExtension(**options: object) -> SiteMarkdown:
    """Return the extension; Python-Markdown looks for this name."""
    return SiteMarkdown(**options)
