"""The lab: a real browser, Lighthouse or a recorded page load looks at built pages, to confirm what was told from files.

`expected` says what the files promise, `runs` drives Chromium, `lighthouse` an installed Lighthouse, `har` reads a recording, and
`compare` holds one against the other. Nothing here gates: what differs is a note, for people to look at. A room beside `check`;
threads and processes live here because a browser is one.
"""
