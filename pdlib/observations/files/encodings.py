"""The letters of a text file: UTF-8, UTF-16 with its mark, or what the study says; anything else is refused."""

from __future__ import annotations

import codecs
from typing import TYPE_CHECKING

from pdlib.observations.files.kinds import UnreadableError

if TYPE_CHECKING:
    from pdlib.observations.sheet import Sheet

_CHUNK = 8 << 20
_MARKS = {codecs.BOM_UTF8: "utf-8", codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}


def decoded(data: bytes, sheet: Sheet) -> tuple[bytes, str]:
    """The bytes as UTF-8 with line ends of one character, and the encoding they had.

    Raises
    ------
    UnreadableError
        If they are in no known encoding, or hold what no text holds.
    """
    marked = next((name for mark, name in _MARKS.items() if data.startswith(mark)), None)
    declared = sheet.options.encoding
    encoding = marked or declared or "utf-8"
    if marked == "utf-8":
        data = data[len(codecs.BOM_UTF8) :]
    if encoding.lower().replace("_", "-") in {"utf-8", "utf8", "utf-8-sig"}:
        _check_utf8(data, sheet)
        encoding = "utf-8"
    else:
        if marked is None:
            _check_not_utf8(data, encoding)
        data = _recoded(data, encoding)
    if b"\x00" in data:
        raise UnreadableError(
            f"the text holds marks that no text holds (NUL), first near line {_line(data, data.index(0))}.",
            "Export it again as “CSV UTF-8”.",
        )
    if b"\r" in data:
        data = data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    return data, encoding


def _line(data: bytes, place: int) -> int:
    return data.count(b"\n", 0, place) + 1


def _first_wrong(data: bytes) -> int | None:
    """Place of the first byte that is not UTF-8."""
    if data.isascii():
        return None
    decoder, done = codecs.getincrementaldecoder("utf-8")(), 0
    while done < len(data):
        kept = len(decoder.getstate()[0])
        chunk = data[done : done + _CHUNK]
        try:
            decoder.decode(chunk, final=done + len(chunk) == len(data))
        except UnicodeDecodeError as error:
            return done - kept + error.start
        done += len(chunk)
    return None


def _check_utf8(data: bytes, sheet: Sheet) -> None:
    start = data[:2000]
    if start.count(0) > len(start) / 4:
        answer, found = sheet.key(encoding="utf-16-le"), "the text looks like UTF-16 without its mark."
    elif (wrong := _first_wrong(data)) is not None:
        answer = sheet.key(encoding="cp1252")
        found = f"the text is not UTF-8, first near line {_line(data, wrong)}."
    else:
        return
    fix = "Save it as “CSV UTF-8”; older Excel writes another encoding. Or say which it is, for example"
    raise UnreadableError(found, f"{fix} {answer.said(sheet.door)}.")


def _check_not_utf8(data: bytes, encoding: str) -> None:
    if not data.isascii() and _first_wrong(data) is None and b"\x00" not in data[:2000]:
        raise UnreadableError(
            f"the text is UTF-8, and read as {encoding} its letters would be garbled.", "Take the encoding out."
        )


def _recoded(data: bytes, encoding: str) -> bytes:
    try:
        return data.decode(encoding).lstrip("\ufeff").encode()
    except LookupError:
        raise UnreadableError(f"there is no encoding {encoding!r}.", 'Write one such as "cp1252".') from None
    except UnicodeError as error:
        place = getattr(error, "start", 0)
        raise UnreadableError(
            f"the text is not {encoding}, first near line {_line(data, place)}; cut off or damaged?",
            "Export it again as “CSV UTF-8”.",
        ) from error
