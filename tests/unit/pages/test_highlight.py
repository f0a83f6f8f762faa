"""Coloured code: what is marked, and that it can be read."""

from __future__ import annotations

import re
from html import unescape

import pytest

from aibild_build.colour import contrast, parse
from aibild_build.pages.highlight import has_code, highlight_css, highlighted


def test_only_what_the_markdown_parser_wrote_is_touched() -> None:
    html = '<pre><code class="language-python">x = 1\n</code></pre><pre class="mine">raw</pre>'
    done = highlighted(html)
    assert done.startswith('<div class="highlight"><pre tabindex="0"><code class="language-python"><span class="n">x</span>')
    assert done.endswith('</code></pre></div><pre class="mine">raw</pre>')
    assert has_code(done) and not has_code(highlighted("<p>none</p>"))


def test_text_is_neither_lost_nor_doubled() -> None:
    code = "\n\n  if a &lt; b &amp;&amp; c:\n\n    'é &quot;q&quot;'\n\n"
    done = highlighted(f'<pre><code class="language-python">{code}</code></pre>')
    assert unescape(re.sub(r"<[^>]*>", "", done)) == unescape(code)


@pytest.mark.parametrize(("dark", "background"), [(False, "#ffffff"), (False, "#f1eadb"), (True, "#000000"), (True, "#1f2937")])
def test_every_colour_can_be_read(dark: bool, background: str) -> None:
    light, _, rest = highlight_css().partition("@media (prefers-color-scheme:dark)")
    colours = re.findall(r"--code-\w+:(#\w{6})", rest if dark else light)
    assert len(colours) == 8
    assert all(contrast(parse(colour), parse(background)) >= 4.5 for colour in colours)
