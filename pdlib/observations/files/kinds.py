"""What a file is, told from its first bytes and not from its ending; and what is inside a packed one."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import zlib
from collections.abc import Callable
from pathlib import PurePosixPath
from typing import Any, Literal
from zipfile import BadZipFile, ZipFile

Kind = Literal["text", "parquet", "workbook", "gz", "bz2", "xz", "zip"]
OPENERS: dict[str, Callable[[Any], Any]] = {"gz": gzip.open, "bz2": bz2.open, "xz": lzma.open}
BROKEN = (OSError, EOFError, lzma.LZMAError, zlib.error, BadZipFile, NotImplementedError, RuntimeError)
_PACKED: dict[bytes, Kind] = {
    b"\x1f\x8b": "gz",
    b"BZh": "bz2",
    b"\xfd7zXZ\x00": "xz",
    b"PK\x03\x04": "zip",
    b"PK\x05\x06": "zip",
}
_OTHERS = {
    b"\xd0\xcf\x11\xe0": (
        "an old Excel workbook (.xls), or one with a password",
        "Save it as .xlsx without a password",
    ),
    b"%PDF": ("a PDF", "Export the table itself"),
    b"ARROW1": ("an Arrow (Feather) file", "Write it as Parquet"),
    b"FEA1": ("a Feather file", "Write it as Parquet"),
    b"SQLite format 3": ("a database (SQLite)", "Export the table from it"),
    b"\x28\xb5\x2f\xfd": ("packed as zstd", "Unpack it"),
    b"7z\xbc\xaf": ("packed as 7z", "Unpack it"),
    b"Rar!": ("packed as rar", "Unpack it"),
    b"{\\rtf": ("a text document (RTF)", "Export the table itself"),
}
_MARKUP = (b"<!doctype", b"<html", b"<table", b"<head", b"<body", b"<meta", b"<style", b"<div", b"<?xml", b"<workbook")
_ALSO = "as CSV, Parquet or Excel (.xlsx) with one heading row."


class UnreadableError(ValueError):
    """A file that cannot be read as a table.

    Parameters
    ----------
    found : str
        What it is, as a sentence.
    fix : str
        What to do.
    """

    def __init__(self, found: str, fix: str) -> None:
        self.found, self.fix = found, fix
        super().__init__(f"{found} {fix}")


def kind_of(data: bytes) -> Kind:
    """What the bytes of a file are.

    Raises
    ------
    UnreadableError
        If they are of a kind that is not read; it says which.
    """
    if data[:4] == b"PAR1":
        return "parquet"
    if packed := packing_of(data[:8]):
        return _zipped(data) if packed == "zip" else packed
    for magic, (what, fix) in _OTHERS.items():
        if data.startswith(magic):
            raise UnreadableError(f"the file is {what}.", f"{fix}, {_ALSO}")
    start = data[:1000].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if start.startswith(_MARKUP):
        what = "a web page (HTML) or XML, whatever its ending"
        raise UnreadableError(f"the file is {what}.", "Open it in a spreadsheet and save it as .xlsx or CSV UTF-8.")
    if start.startswith((b'{"', b'[{"')):
        raise UnreadableError("the file is JSON.", f"Write it {_ALSO}")
    return "text"


def packing_of(start: bytes) -> Kind | None:
    """How a file is packed, by its first bytes: a workbook is a zip too; None if it is plain."""
    return next((packed for magic, packed in _PACKED.items() if start.startswith(magic)), None)


def _zipped(data: bytes) -> Kind:
    names = _names(data)
    if any(name.startswith("xl/") for name in names):
        if "xl/workbook.bin" in names:
            raise UnreadableError("the file is a binary workbook (.xlsb).", "Save it as .xlsx.")
        return "workbook"
    if "content.xml" in names or any(name.startswith("Index/") for name in names):
        raise UnreadableError("the file is a workbook of another program.", "Save it as .xlsx or CSV UTF-8.")
    return "zip"


def _names(data: bytes) -> list[str]:
    try:
        with ZipFile(io.BytesIO(data)) as archive:
            return [name for name in archive.namelist() if not name.endswith("/") and _is_content(name)]
    except BROKEN as error:
        raise damaged(error) from error


def _is_content(name: str) -> bool:
    return not name.startswith("__MACOSX/") and not PurePosixPath(name).name.startswith(".")


def damaged(error: Exception) -> UnreadableError:
    """What to say of a packed file that does not unpack."""
    reason = next(iter(str(error).strip().splitlines()), type(error).__name__)
    return UnreadableError(
        f"the file cannot be read: it is cut off or damaged ({reason}).", f"Export it again, {_ALSO}"
    )


def unpacked(data: bytes, kind: Kind) -> bytes:
    """What is inside a packed file that holds one table.

    Raises
    ------
    UnreadableError
        If it is damaged, or holds several files.
    """
    try:
        if kind != "zip":
            with OPENERS[kind](io.BytesIO(data)) as stream:
                return bytes(stream.read())
        names = _names(data)
        if not names:
            raise UnreadableError("the archive is empty.", "Export it again.")
        if len(names) > 1:
            held = ", ".join(names[:5])
            raise UnreadableError(f"the archive holds {len(names)} files ({held}).", "Pack one table, or unpack it.")
        with ZipFile(io.BytesIO(data)) as archive:
            return archive.read(names[0])
    except BROKEN as error:
        raise damaged(error) from error
