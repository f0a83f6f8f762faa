"""Code blocks → coloured HTML, and the few CSS rules that colour it.

Takes HTML with `<pre><code class="language-…">` as the Markdown parser writes it. A language that Pygments does not know stays
plain. The colours are custom properties `--code-…`, so that a theme may set its own; each has a contrast of at least 4.5 on a
background near white or near black (WCAG 2.2, 1.4.3).
"""

from __future__ import annotations

import re
from functools import lru_cache
from html import escape, unescape

_BLOCK = re.compile(r'<pre><code(?: class="language-([^"]*)")?>(.*?)</code></pre>', re.S)

# What Pygments' short class names begin with, by the colour they take; a longer name wins over a shorter one.
_GROUPS = (
    ("comment", ("c", "ch", "cm", "cp", "cpf", "c1", "cs")),
    ("keyword", ("k", "kc", "kd", "kn", "kp", "kr", "kt", "ow")),
    ("string", ("s", "sa", "sb", "sc", "dl", "sd", "s2", "se", "sh", "si", "sx", "sr", "s1", "ss", "gi")),
    ("number", ("m", "mb", "mf", "mh", "mi", "mo", "il", "l", "ld")),
    ("function", ("nf", "fm", "nb", "bp")),
    ("type", ("nc", "nn", "ne", "nd", "no", "nl", "py")),
    ("tag", ("nt", "na", "nv", "vc", "vg", "vi", "gd", "gr", "err")),
    ("quiet", ("gp", "go", "gu", "w")),
)
_LIGHT = {
    "comment": "#5b6670", "keyword": "#86269e", "string": "#1a6b3c", "number": "#8a4600", "function": "#0a569e",
    "type": "#0b6170", "tag": "#a3213f", "quiet": "#5b6670",
}  # fmt: skip
_DARK = {
    "comment": "#98a6b3", "keyword": "#d9a6f5", "string": "#8fd8a3", "number": "#f2b880", "function": "#8ec6ff",
    "type": "#80d6de", "tag": "#ff9fae", "quiet": "#98a6b3",
}  # fmt: skip


def highlighted(html: str) -> str:
    """The HTML with every code block coloured, scrollable by keyboard and wrapped in `<div class="highlight">`."""
    return _BLOCK.sub(_block, html) if "<pre><code" in html else html


def has_code(html: str) -> bool:
    """Whether coloured code is in it, so that a page without code carries no rules for it."""
    return '<div class="highlight">' in html


def highlight_css() -> str:
    """Rules for light and, by `prefers-color-scheme`, dark pages."""
    rules = [f":root{{{_properties(_LIGHT)}}}", f"@media (prefers-color-scheme:dark){{:root{{{_properties(_DARK)}}}}}"]
    for group, names in _GROUPS:
        rules.append(f".highlight :is({','.join(f'.{name}' for name in names)}){{color:var(--code-{group})}}")
    rules.append(".highlight :is(.ge,.c,.c1,.cm,.sd){font-style:italic}.highlight :is(.gs,.gh){font-weight:700}")
    return "\n".join(rules)


def _properties(colours: dict[str, str]) -> str:
    return ";".join(f"--code-{name}:{colour}" for name, colour in colours.items())


def _block(found: re.Match[str]) -> str:
    language = unescape(found[1] or "")
    coloured = _coloured(language, unescape(found[2])) if language else None
    marked = f' class="language-{escape(language)}"' if language else ""
    return (
        f'<div class="highlight"><pre tabindex="0"><code{marked}>{found[2] if coloured is None else coloured}</code></pre></div>'
    )


@lru_cache(maxsize=512)
def _coloured(language: str, code: str) -> str | None:
    from pygments import highlight
    from pygments.formatters.html import HtmlFormatter
    from pygments.lexers import get_lexer_by_name
    from pygments.util import ClassNotFound

    try:
        lexer = get_lexer_by_name(language, stripnl=False)
    except ClassNotFound:
        return None
    return str(highlight(code, lexer, HtmlFormatter(nowrap=True)))
