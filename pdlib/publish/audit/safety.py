"""What the page could do and give away: criteria S and R."""

from __future__ import annotations

import re
from collections.abc import Iterable
from importlib.metadata import PackageNotFoundError, version

import numpy as np

from pdlib.observations import Observations
from pdlib.publish.audit.measure import Measure, none_of, unchecked
from pdlib.publish.audit.tree import Node
from pdlib.publish.exporter import sha256
from pdlib.publish.sanitise import UnsafePageError, clean
from pdlib.publish.scan import FINDERS, Bytes, named, personal_data, raw_rows, small_counts, unreviewed
from pdlib.stats.small_numbers import recoverable

_FLOORS = {"nbconvert": (7, 17, 1), "jupyterlab": (4, 4, 8), "jupyter-server": (2, 20, 0)}
_BIDI = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")


def security(page: Node, html: str) -> list[Measure]:
    """Measure criteria S1, S3, S9 and S10."""
    inner = re.search(r"<main\b[^>]*>(.*)</main>", html, re.DOTALL)
    policy, style = page.first("meta").attributes, re.search(r"<style>(.*?)</style>", html, re.DOTALL)
    wanted = (
        f"default-src 'none'; style-src 'sha256-{sha256(style.group(1) if style else '')}'; img-src data:; "
        "base-uri 'none'; form-action 'none'"
    )
    first = next(iter(page.first("head").all()), Node(""))
    strict = policy.get("content") == wanted and first.attributes == policy
    old = [f"{name} {_version(name)}" for name, floor in _FLOORS.items() if _numbers(_version(name)) < floor]
    return [
        Measure("S1", "cleaning the shipped page again changes nothing", *_cleaned(inner.group(1) if inner else "")),
        Measure("S3", "policy first in the head: no script, this stylesheet only", "as wanted" if strict else
                policy.get("content", "none")[:60], strict),
        none_of("S9", "packages below their floor", old),
        none_of("S10", "marks that turn the direction of text, unseen", _BIDI.findall(html)),
    ]  # fmt: skip


def _plain_quotes(html: str) -> str:
    """Markup with quotes in text as they are, whichever way they were escaped."""
    return html.replace("&#34;", '"').replace("&#39;", "'").strip()


def _cleaned(inner: str) -> tuple[str, bool]:
    try:
        same = _plain_quotes(clean(inner)) == _plain_quotes(inner)
    except UnsafePageError as error:
        return str(error)[:70], False
    return "nothing changed" if same else "something was taken out", same and bool(inner)


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "0"


def _numbers(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", text)[:3])


def privacy(html: str, observations: Observations | None, cleared: Iterable[str]) -> list[Measure]:
    """Measure criteria R1 to R5; without the study only personal data."""
    page = Bytes(html)
    said = [*page.lines, *page.attributes]
    personal = none_of("R4", "personal data", [kind for kind, _ in personal_data(said, FINDERS)])
    asked = {
        "R1": "counts below the rule for small numbers", "R2": "hidden cells that can be worked out",
        "R3": "names that are not cleared", "R5": "rows and comments of the input",
    }  # fmt: skip
    if observations is None:
        return [personal, *(unchecked(name, what, "give the study with --study") for name, what in asked.items())]
    rows = [*raw_rows(page.rows, observations), *unreviewed(said, observations)]
    return [
        none_of("R1", asked["R1"], small_counts(page, observations)),
        none_of("R2", asked["R2"], given_away(page.rows)),
        none_of("R3", asked["R3"], named(said, observations, cleared)),
        personal,
        none_of("R5", asked["R5"], rows),
    ]


def given_away(rows: list[list[str]]) -> list[str]:
    """Columns of a table with a line "Total" whose dashes follow from the numbers shown: the subtraction attack."""
    found: list[str] = []
    block: list[list[str]] = []
    for row in [*rows, []]:
        if len(row) > 1 and (not block or len(row) == len(block[0])):
            block.append(row)
            if row[0].strip().casefold() in {"total", "all", "sum"}:
                found += [
                    block[0][column] for column in range(1, len(row)) if _found([line[column] for line in block[1:]])
                ]
        else:
            block = [row] if len(row) > 1 else []
    return found


def _found(cells: list[str]) -> bool:
    """Whether a column of counts, its total last, gives a hidden one away."""
    values = [cell.replace(",", "").strip() for cell in cells]
    shown = [float(value) if re.fullmatch(r"\d+(?:\.\d+)?", value) else np.nan for value in values]
    counts, total = np.array(shown[:-1]), shown[-1]
    hidden = np.isnan(counts)
    if not hidden.any() or np.isnan(total):
        return False
    # Any filling that keeps the total will do: what is recoverable does not depend on which one is true.
    left = total - np.nansum(counts)
    counts[hidden] = [left, *([0.0] * (int(hidden.sum()) - 1))]
    return bool(recoverable(counts, hidden).any())
