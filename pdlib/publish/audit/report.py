"""One page against all criteria, as a table."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from textwrap import shorten

import pdlib
from pdlib.publish.audit.browser import in_browser
from pdlib.publish.audit.bytes import figures, make, provenance
from pdlib.publish.audit.content import content
from pdlib.publish.audit.measure import Measure
from pdlib.publish.audit.safety import privacy, security
from pdlib.publish.audit.tree import tree

# What no page can show of itself, and the tests that show it of the code that made it.
ELSEWHERE = {
    "F10": "tests/browser/test_names.py", "S1": "tests/browser/test_attacks.py", "S2": "tests/show/test_html.py",
    "S4": "tests/house/test_safety.py", "S5": "tests/show/test_exports.py", "S7": "tests/test_limits.py",
    "S8": "tests/publish/test_build.py",
}  # fmt: skip


def audit(
    page: str | Path,
    *,
    study: str | Path | None = None,
    own: Iterable[str] = (),
    rebuilt: str | Path | None = None,
    browser: bool = True,
) -> list[Measure]:
    """Measure a built page against the standard.

    Parameters
    ----------
    page : str or Path
        The HTML file.
    study : str or Path, optional
        Its study; without it nothing can be said about names and rows. Who may be named is worked out afresh.
    own : iterable of str
        What may be named besides: a unit on the page for its own people.
    rebuilt : str or Path, optional
        The page of a second build, for what must be the same again.
    browser : bool
        Whether to open the page in Chromium, if there is one.

    Returns
    -------
    list of Measure
        In the order of their criteria.
    """
    path = Path(page)
    html = path.read_text(encoding="utf-8")
    again = Path(rebuilt).read_text(encoding="utf-8") if rebuilt else None
    root = tree(html)
    observations, cleared = (None, frozenset[str]()) if study is None else _study(str(study))
    measures = [
        *content(root, html), *figures(root, html, again), *make(root, html, path), *provenance(root, html, again),
        *security(root, html), *privacy(html, observations, cleared | set(own)), *(in_browser(path) if browser else []),
    ]  # fmt: skip
    return sorted(measures, key=lambda measure: _order(measure.criterion))


@cache
def _study(study: str) -> tuple[pdlib.Observations, frozenset[str]]:
    """Read a study and work out who may be named; once for all its pages."""
    observations = pdlib.read(pdlib.load_study(study))
    return observations, pdlib.tell(observations, pdlib.find_deviants(pdlib.expect(observations))).cleared


def _order(criterion: str) -> tuple[int, int]:
    letter, number = re.fullmatch(r"([A-Z])(\d+)", criterion).groups()  # type: ignore[union-attr]
    return "CFPVSR".index(letter), int(number)


def written(measures: Iterable[Measure]) -> str:
    """Set measures as a table for a terminal, with a last line that counts."""
    rows = list(measures)
    wide = max(len(shorten(row.asked, 72)) for row in rows)
    lines = [
        f"{row.criterion:<4} {row.verdict:<12} {shorten(row.asked, 72):<{wide}}  {shorten(row.measured, 90)}"
        for row in rows
    ]
    counts = {verdict: sum(row.verdict == verdict for row in rows) for verdict in ("yes", "NO", "not checked")}
    tests = "; ".join(f"{criterion} {place}" for criterion, place in ELSEWHERE.items())
    lines.append(f"{counts['yes']} met, {counts['NO']} not met, {counts['not checked']} not checked here.")
    return "\n".join([*lines, f"Held by tests, not by a page: {tests}."])
