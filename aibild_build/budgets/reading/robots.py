"""robots.txt: which line, if any, keeps a robot from an address. Source: RFC 9309, sections 2.2.1 to 2.2.3."""

from __future__ import annotations

from typing import NamedTuple

_KNOWN = frozenset({"sitemap", "crawl-delay", "host", "clean-param", "noindex", "content-signal", "visit-time", "request-rate"})


class Line(NamedTuple):
    number: int
    allows: bool
    pattern: str


class Robots(NamedTuple):
    """`groups` are lines by agent in lower case; `sitemaps` addresses; `faults` are (line, text) that nobody understands."""

    groups: dict[str, list[Line]]
    sitemaps: tuple[str, ...]
    faults: tuple[tuple[int, str], ...]

    def blocking_line(self, agent: str, address: str) -> int | None:
        """Number of the line that keeps `agent` from a path, None when it may read it. The longest pattern wins, `Allow` in a
        tie; the image robot obeys Googlebot's group where it has none, everybody else's where that is missing too."""
        names = (agent, "googlebot", "*") if agent.startswith("googlebot") else (agent, "*")
        lines = next((self.groups[name] for name in names if name in self.groups), [])
        fitting = [line for line in lines if line.pattern and _fits(line.pattern, address)]
        if not fitting:
            return None
        best = max(fitting, key=lambda line: (len(line.pattern), line.allows))
        return None if best.allows else best.number


def read_robots(text: str) -> Robots:
    """Read at most 500 KiB, as RFC 9309 allows."""
    groups: dict[str, list[Line]] = {}
    sitemaps: list[str] = []
    faults: list[tuple[int, str]] = []
    agents: list[str] = []
    in_rules = False
    for number, line in enumerate(text[: 500 * 1024].lstrip("\ufeff").splitlines(), start=1):
        name, colon, value = line.partition("#")[0].partition(":")
        name, value = name.strip().lower(), value.strip()
        if not name and not colon:
            continue
        if name == "user-agent" and colon:
            agents = [value.lower()] if in_rules else [*agents, value.lower()]
            in_rules = False
            groups.setdefault(value.lower(), [])
        elif name in ("allow", "disallow") and colon and agents:
            in_rules = True
            for agent in agents:
                groups[agent].append(Line(number, name == "allow", value))
        elif name == "sitemap" and colon:
            sitemaps.append(value)
        elif name not in _KNOWN or not colon:
            faults.append((number, line.strip()[:60]))
    return Robots(groups, tuple(sitemaps), tuple(faults))


def _fits(pattern: str, address: str) -> bool:
    """Whether a pattern with `*` and a closing `$` fits the beginning of an address; each piece is looked for once."""
    ends = pattern.endswith("$")
    first, *others = (pattern[:-1] if ends else pattern).split("*")
    if not address.startswith(first):
        return False
    at = len(first)
    for piece in others[:-1]:
        found = address.find(piece, at)
        if found < 0:
            return False
        at = found + len(piece)
    if not others:
        return not ends or at == len(address)
    last = others[-1]
    return (address.endswith(last) and len(address) - len(last) >= at) if ends else address.find(last, at) >= 0
