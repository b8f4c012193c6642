"""Files a build writes: whole or not at all, under names that cannot leave their folder."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import tempfile
import unicodedata
from collections.abc import Iterable, Mapping
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

EARLIER = "earlier"
SCRATCH = "pdlib-"
_SCRATCH_NOTE = ".build.scratch"
_LONGEST_SLUG = 60
_TAKEN = {"index", EARLIER}


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


def sweep(folder: Path) -> None:
    """Remove what a build that was cut off left half written; to be called by whoever holds the folder."""
    for left in (*folder.glob(".*.tmp"), *folder.glob("*/.*.tmp")):
        left.unlink(missing_ok=True)
    note = folder / _SCRATCH_NOTE
    if note.is_file():
        name = note.read_text(encoding="utf-8", errors="replace")
        if re.fullmatch(rf"{SCRATCH}\w+", name):
            shutil.rmtree(Path(tempfile.gettempdir()) / name, ignore_errors=True)
        note.unlink()


def note_scratch(folder: Path, scratch: Path) -> Path:
    """Note in a reports folder where its build works, for `sweep` should the build be cut off; returns the note."""
    note = folder / _SCRATCH_NOTE
    with suppress(OSError):  # a full disk is told when a page cannot be written
        note.write_text(scratch.name, encoding="utf-8")
    return note


def keep_earlier(page: Path, manifest: Mapping[str, Any]) -> None:
    """Put the page that is about to be replaced among the earlier ones, numbered, with the facts a shelf tells.

    Numbers and not times: a clock that was set back would put them out of order.
    """
    if not page.exists() or not manifest["run"]["built"]:
        return
    folder = page.parent / EARLIER
    folder.mkdir(exist_ok=True)
    taken = [number for number, _ in earlier(page)]
    path = folder / f"{page.stem}.{max(taken, default=0) + 1}.html"
    facts = {name: manifest[name] for name in ("title", "standfirst", "change")} | {"built": manifest["run"]["built"]}
    write_atomically(path.with_suffix(".json"), json.dumps(facts, ensure_ascii=False) + "\n")
    try:
        path.hardlink_to(page)  # the page itself is replaced and not written to
    except OSError:
        shutil.copyfile(page, path)


def earlier(page: Path) -> list[tuple[int, Path]]:
    """Earlier builds of a page, by number, the newest first."""
    found = [(path.suffixes[-2][1:], path) for path in (page.parent / EARLIER).glob(f"{page.stem}.*.html")]
    return sorted(((int(number), path) for number, path in found if number.isdigit()), reverse=True)


def prune(page: Path, keep: int, days: int | None, now: datetime) -> bool:
    """Remove earlier builds of a page beyond the newest so many, and those built longer ago; tells whether any was."""
    gone = [path for _, path in earlier(page)[keep:]]
    if days is not None:
        gone += [path for _, path in earlier(page)[:keep] if _age(path, now) > timedelta(days)]
    for path in gone:
        path.unlink(missing_ok=True)
        path.with_suffix(".json").unlink(missing_ok=True)
    return bool(gone)


def _age(path: Path, now: datetime) -> timedelta:
    try:
        return now - datetime.fromisoformat(json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))["built"])
    except (OSError, ValueError, KeyError):
        return timedelta.max  # nobody knows how old it is, so it is not kept


def relative(path: Path) -> Path:
    """Shorten a path to how a reader at the working directory would type it."""
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path


def sha256(text: str) -> str:
    """SHA-256 of a text, in hexadecimal digits."""
    return hashlib.sha256(text.encode()).hexdigest()


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
    return f"{plain or 'study'}-{sha256(name)[:6]}"


def hash_files(paths: Iterable[Path]) -> str:
    """SHA-256 over the bytes of files, in the order given, each with its name and length."""
    total = hashlib.sha256()
    for path in paths:
        total.update(f"{path.name}\0{path.stat().st_size}\0".encode())
        with path.open("rb") as stream:
            while chunk := stream.read(1 << 20):
                total.update(chunk)
    return total.hexdigest()
