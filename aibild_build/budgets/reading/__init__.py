"""What rules look at: one page as it was read, its pictures with their files, and the built site around it.

Takes files and text, yields records; judges nothing. `page` reads HTML once, `site` knows which files are there and what images
they hold, `pictures` puts both together, `css` reads style sheets.
"""

from __future__ import annotations

from .css import Css, Effect, FontFace, Painted, read_css
from .embedded import Embedded
from .faults import Fault
from .jsonld import Entity, Graph, listed
from .loading import Load
from .one import OnePage
from .page import MAX_PAGE_BYTES, Img, Seen, Tag, Unreadable, read_page
from .pictures import Option, Row, Shown
from .site import BuiltSite, Kind, Target, read_site

__all__ = [
    "BuiltSite",
    "Css",
    "Effect",
    "Embedded",
    "Entity",
    "Fault",
    "FontFace",
    "Graph",
    "Img",
    "Kind",
    "Load",
    "MAX_PAGE_BYTES",
    "OnePage",
    "Option",
    "Painted",
    "Row",
    "Seen",
    "Shown",
    "Tag",
    "Target",
    "Unreadable",
    "listed",
    "read_css",
    "read_page",
    "read_site",
]
