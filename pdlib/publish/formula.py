r"""Formulas that read without a script: simple TeX as Unicode with raised and lowered parts.

What a page cannot show so is refused, since a reader would meet the source: ``\int_0^1`` passes, ``\begin{cases}`` not.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from html.entities import html5

from markupsafe import escape

from pdlib.errors import PdlibError

_OWN = {
    "bar": "\u0304", "cdot": "·", "cdots": "⋯", "hat": "\u0302", "infty": "∞", "ldots": "…", "lVert": "‖", "neg": "¬",
    "notin": "∉", "rVert": "‖", "tilde": "\u0303", "to": "→", "vec": "\u20d7", ",": "\u2009", ";": " ", ":": " ",
    "!": "", " ": " ", "{": "{", "}": "}", "%": "%", "$": "$", "_": "_", "&": "&", "#": "#", "quad": "\u2003",
}  # fmt: skip
_WORDS = {"cos", "exp", "lim", "ln", "log", "max", "min", "Pr", "sin", "tan"}
_UPRIGHT = {"mathrm", "operatorname", "text", "textrm"}
_PLAIN = {"boldsymbol", "displaystyle", "left", "mathbf", "mathit", "right", "mathcal", "mathbb"}
_ACCENTS = {"bar", "hat", "tilde", "vec"}
_TOKEN = re.compile(r"\\[A-Za-z]+\*?|\\.|[{}^_]|\s+|.", re.DOTALL)


class FormulaError(PdlibError):
    """A formula needs more than text can show."""


def is_formula(source: str) -> bool:
    """Tell a formula from an amount of money: ``$5 and $6`` holds nothing that only TeX has."""
    return bool(re.search(r"[\\^_{]|[A-Za-z]\s*[=<>+]|\A\s*[A-Za-z]\w?\s*\Z", source))


def formula(source: str) -> str:
    r"""Show a simple TeX formula as HTML.

    Parameters
    ----------
    source : str
        Without its dollar signs.

    Returns
    -------
    str
        Escaped text with ``i``, ``sup`` and ``sub``.

    Raises
    ------
    FormulaError
        For a command that text cannot show.

    Examples
    --------
    >>> formula(r"\hat\theta_i \le x^2 / \sqrt{n_{ij}}")
    '<i>θ̂</i><sub><i>i</i></sub> ≤ <i>x</i><sup>2</sup> / √(<i>n</i><sub><i>ij</i></sub>)'
    """
    pieces = list(_TOKEN.findall(source.strip()))
    shown = "".join(_parts(iter(pieces), source)).replace("</i><i>", "")
    return re.sub(r" {2,}", " ", shown)


def _parts(pieces: Iterator[str], source: str, until: str = "") -> Iterator[str]:
    for piece in pieces:
        if piece == until:
            return
        yield _part(piece, pieces, source)


def _part(piece: str, pieces: Iterator[str], source: str) -> str:
    if piece == "{":
        return "".join(_parts(pieces, source, "}"))
    if piece in "^_":
        tag = "sup" if piece == "^" else "sub"
        return f"<{tag}>{_next(pieces, source)}</{tag}>"
    if piece.startswith("\\"):
        return _command(piece[1:], pieces, source)
    if piece.isspace():
        return " "
    return f"<i>{piece}</i>" if piece.isalpha() else str(escape(piece.replace("-", "−").replace("'", "′")))


def _next(pieces: Iterator[str], source: str) -> str:
    """The part that a command or a raised or lowered sign applies to."""
    piece = next((piece for piece in pieces if not piece.isspace()), "")
    return _part(piece, pieces, source) if piece else ""


def _command(name: str, pieces: Iterator[str], source: str) -> str:
    if name == "frac":
        return f"({_next(pieces, source)}) / ({_next(pieces, source)})"
    if name == "sqrt":
        return f"√({_next(pieces, source)})"
    if name in _ACCENTS:
        below = re.sub(r"</?i>", "", _next(pieces, source))
        return f"<i>{below[:1]}{_OWN[name]}{below[1:]}</i>"
    if name in _UPRIGHT:
        return re.sub(r"</?i>", "", _next(pieces, source))
    if name in _PLAIN:
        return ""
    if name in _WORDS:
        return f"{name}\u2009"
    sign = _OWN.get(name) if name in _OWN else html5.get(f"{name};")
    if sign is None:
        raise FormulaError(
            f"The formula {source.strip()[:80]!r} holds \\{name}, which a page without scripts cannot show. "
            "Say it in words, or write it with letters, fractions, roots, raised and lowered parts."
        )
    return f"<i>{sign}</i>" if sign.isalpha() else str(escape(sign))
