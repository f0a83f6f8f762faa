"""Which of several candidates a browser takes."""

from __future__ import annotations

from collections.abc import Sequence


def choose(densities: Sequence[float], wanted: float) -> int:
    """Index of the candidate that a browser takes: the smallest density that reaches `wanted`, else the largest.

    The HTML standard (section 4.8.4.3.6) leaves the choice to the browser; this is Chromium 156's, measured. Of two equal
    densities the first counts (section 4.8.4.3.5). `densities` must not be empty; their order does not matter.
    """
    reaching = [(density, index) for index, density in enumerate(densities) if density >= wanted]
    if reaching:
        return min(reaching)[1]
    return max(range(len(densities)), key=lambda index: (densities[index], -index))
