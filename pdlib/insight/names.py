"""Names that stand in for names: the same from report to report, and of no use to who knows the units."""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
from collections import Counter
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from pdlib.errors import StudyError
from pdlib.show import Html
from pdlib.show.wording import capitalised

CLEARED = "application/vnd.pdlib.cleared+json"
KEY_FILE = ".pseudonyms.key"
_LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"  # without those that are taken for one another
_SHORT, _LONG = 4, 12
_passing = secrets.token_bytes(32)


class Vouched(Html):
    """A piece of a page that says which units the whole page may name; a build holds the page to it."""

    cleared: tuple[str, ...]

    def __init__(self, html: Html, cleared: Iterable[str]) -> None:
        super().__init__(html.markup)
        object.__setattr__(self, "cleared", tuple(sorted(cleared)))

    def _repr_mimebundle_(self, **_: object) -> dict[str, object]:
        # The list stays in the executed notebook; the page shows the HTML alone.
        return {"text/html": self._repr_html_(), "text/plain": str(self), CLEARED: self.cleared}


def secret(folder: Path | None) -> bytes:
    """Read the secret kept beside a study, or make it on first use.

    Parameters
    ----------
    folder : Path or None
        The study's folder; None for a study without files, whose pseudonyms last as long as the process.

    Raises
    ------
    StudyError
        If the secret is there and too short, or cannot be written.
    """
    if folder is None:
        return _passing
    path = folder / KEY_FILE
    try:
        if not path.exists():
            _make(path)
    except OSError as error:
        raise StudyError(
            f"Names are switched off, and the secret that makes pseudonyms cannot be written beside the study: "
            f"{error.strerror}. Make {path.name} there by hand, with 64 hexadecimal digits nobody else knows."
        ) from None
    text = path.read_text(encoding="ascii", errors="replace").strip()
    if len(text) < 32:
        raise StudyError(f"{path.name} holds {len(text)} characters; it needs 32 at least. Remove it to get a new one.")
    return text.encode()


def _make(path: Path) -> None:
    """Write a new secret whole before it takes its name: of two builds at once, one wins and both read the same."""
    sibling = path.with_name(f"{path.name}.{os.getpid()}")
    try:
        sibling.touch(mode=0o600)
        sibling.write_text(secrets.token_hex(32), encoding="ascii")
        with suppress(FileExistsError):
            os.link(sibling, path)
    finally:
        sibling.unlink(missing_ok=True)


def pseudonyms(units: Iterable[str], word: str, key: bytes) -> dict[str, str]:
    """Give every unit of a study a name that says nothing: "Shop K7FD".

    Parameters
    ----------
    units : iterable of str
        Every id of the study, so that no two get the same name.
    word : str
        What a unit is called.
    key : bytes
        Without it nobody who knows the ids can tell which is which.

    Returns
    -------
    dict of str to str
    """
    codes = {unit: _code(unit, key) for unit in units}
    times = Counter(code[:_SHORT] for code in codes.values())
    lengths = {unit: _LONG if times[code[:_SHORT]] > 1 else _SHORT for unit, code in codes.items()}
    return {unit: f"{capitalised(word)} {code[: lengths[unit]]}" for unit, code in codes.items()}


def _code(unit: str, key: bytes) -> str:
    digest = hmac.new(key, unit.encode("utf-8", "surrogatepass"), hashlib.sha256).digest()
    return "".join(_LETTERS[byte % len(_LETTERS)] for byte in digest[:_LONG])
