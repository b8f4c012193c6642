"""Files a build writes: whole or not at all, under names that cannot leave their folder."""

from __future__ import annotations

import hashlib
import os
import re
import unicodedata
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

_LONGEST_SLUG = 60
_TAKEN = {"index"}


def write_atomically(path: Path, text: str) -> None:
    """Replace a file in one step: a reader sees the old text or the new, never a part.

    The text goes to a sibling first, is forced to disk, and takes the file's name last.
    """
    sibling = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        with sibling.open("w", encoding="utf-8", newline="\n") as stream:
            stream.write(text)
            stream.flush()
            os.fsync(stream.fileno())
        sibling.replace(path)
    finally:
        sibling.unlink(missing_ok=True)
    with suppress(OSError):  # Windows cannot open a folder; there the rename is as durable as it gets.
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


def slug(name: str) -> str:
    """File name for a study: lower-case ASCII letters, digits and hyphens.

    A name that loses letters on the way, or is taken, gets a few digits of its hash, so that two names never share
    a file.

    Examples
    --------
    >>> slug("Repair shops")
    'repair-shops'
    >>> slug("../etc/passwd")
    'etc-passwd-7fef78'
    """
    folded = "".join(c for c in unicodedata.normalize("NFKD", name.lower()) if not unicodedata.combining(c))
    plain = re.sub(r"[^a-z0-9]+", "-", folded).strip("-")[:_LONGEST_SLUG].rstrip("-")
    lossless = re.fullmatch(r"[a-z0-9]+(?:[ -][a-z0-9]+)*", name.lower()) and len(name) <= _LONGEST_SLUG
    if lossless and plain not in _TAKEN:
        return plain
    return f"{plain or 'study'}-{hashlib.sha256(name.encode()).hexdigest()[:6]}"


def hash_files(paths: Iterable[Path]) -> str:
    """SHA-256 over the bytes of files, in the order given, each with its name and length."""
    total = hashlib.sha256()
    for path in paths:
        total.update(f"{path.name}\0{path.stat().st_size}\0".encode())
        with path.open("rb") as stream:
            while chunk := stream.read(1 << 20):
                total.update(chunk)
    return total.hexdigest()
