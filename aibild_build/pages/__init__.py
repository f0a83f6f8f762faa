"""Content and pictures → HTML, structured data and sitemap.

`content` reads `site/`, `render` renders one page at a time and remembers what it read; the rest is pure text. Nothing here makes
a picture, writes a file or knows the store: pictures arrive as finished `Picture`s, pages leave as text.
"""
