"""What must hold of any way to write a sound table, and of any damage done to it."""

from __future__ import annotations

import string
import tempfile
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
from hypothesis import strategies as st

import pdlib
from pdlib import Observations, PdlibError
from tests.corpus.world import HAPPY, RATE, same, sound

SPELLINGS = (
    "%Y-%m", "%b %Y", "%b-%y", "%Y-%b", "%B %Y", "%Y/%m", "%Y.%m", "%YM%m", "%Y%m", "%m/%Y", "%m-%Y", "%Y-%m-%d",
    "%Y%m%d", "%d.%m.%Y", "%d.%m.%y", "%d/%m/%Y", "%m/%d/%Y", "%d %B %Y", "%d-%b-%y", "%Y-%m-%d 00:00:00",
    "%Y-%m-%dT00:00:00Z", "%y-%b",
)  # fmt: skip
ENCODINGS = ("utf-8", "utf-8-sig", "utf-16", "utf-16-le", "latin-1", "cp1252")
ENDS = ("\n", "\r\n", "\r")
_NOTHING = ("", "Happy customers by store", "sep=", "Exported on 3 June")


@dataclass(frozen=True)
class Dialect:
    """One way to write a table as text."""

    separator: str
    decimal: str
    thousands: str
    spelling: str
    encoding: str
    end: str
    quoted: bool
    title: str
    blank: int
    footer: str
    padded: bool
    comma_behind: bool
    last_end: bool
    order: tuple[int, ...]

    def write(self, frame: pd.DataFrame) -> bytes:
        """The bytes of the file."""
        dates = pd.to_datetime(frame["month"] + "-01")
        frame = frame.assign(month=dates.dt.strftime(self.spelling))
        frame = frame[[frame.columns[place] for place in self.order]]
        if self.thousands:
            for name in ("visits", "complaints", "answers"):
                frame = frame.assign(**{name: frame[name].map(lambda x: f"{x:,}".replace(",", self.thousands))})
        if self.padded:
            frame = frame.assign(store=frame["store"] + " ")
        text = frame.to_csv(
            index=False, sep=self.separator, decimal=self.decimal, lineterminator="\n", quoting=int(self.quoted)
        )
        lines = text.splitlines()
        if self.comma_behind:
            lines = [line + self.separator for line in lines]
        head = [self.title + (self.separator if self.title == "sep=" else "")] if self.title else []
        middle = len(lines) // 2
        lines = [*head, *lines[:middle], *[""] * self.blank, *lines[middle:], *([self.footer] if self.footer else [])]
        text = self.end.join(lines) + (self.end if self.last_end else "")
        return text.encode(self.encoding, errors="replace")


def dialects() -> st.SearchStrategy[Dialect]:
    """Every way to write the table, likely and unlikely."""
    return st.builds(
        Dialect,
        separator=st.sampled_from([",", ";", "\t", "|"]),
        decimal=st.sampled_from([".", ","]),
        thousands=st.sampled_from(["", "", "", ",", ".", " ", "\u00a0", "\u2009", "'"]),
        spelling=st.sampled_from(SPELLINGS),
        encoding=st.sampled_from(ENCODINGS),
        end=st.sampled_from(ENDS),
        quoted=st.booleans(),
        title=st.sampled_from(_NOTHING),
        blank=st.integers(0, 3),
        footer=st.sampled_from(["", "", "Source: our own till", "432 rows"]),
        padded=st.booleans(),
        comma_behind=st.booleans(),
        last_end=st.booleans(),
        order=st.permutations(range(9)).map(tuple),
    )


def read_bytes(content: bytes, given: dict[str, object]) -> Observations | PdlibError:
    """What comes of a file with this content; anything but a `PdlibError` is a fault and goes through."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "months.csv"
        path.write_bytes(content)
        try:
            return pdlib.read(path, **given)  # type: ignore[arg-type]
        except PdlibError as error:
            return error


def never_silently_wrong(dialect: Dialect, words: dict[str, object]) -> None:
    """A sound table in any dialect is read as it is, or a `PdlibError` says why not."""
    found = read_bytes(dialect.write(sound()), words)
    if isinstance(found, PdlibError):
        assert len(str(found)) > 20
        assert "Traceback" not in str(found)
    else:
        assert same(found), (dialect, found.finding)


@dataclass(frozen=True)
class Damage:
    """One thing done to the bytes of a file."""

    kind: str
    at: float
    size: int
    text: bytes

    def do(self, content: bytes) -> bytes:
        """The damaged bytes."""
        place = int(self.at * len(content))
        if self.kind == "cut":
            return content[:place]
        if self.kind == "delete":
            return content[:place] + content[place + self.size :]
        if self.kind == "repeat":
            return content[: place + self.size] + content[place:]
        return content[:place] + self.text + content[place:]


def damages() -> st.SearchStrategy[Damage]:
    """What transport, people and spreadsheets do to a file."""
    odd = st.sampled_from(
        [b'"', b"'", b"\x00", b"\xff", b"\n", b"\r", b",", b";", b"<5", b"*", b"#REF!", b"1:58", b"%"]
    )
    text = st.text(string.printable, max_size=12).map(str.encode)
    return st.builds(
        Damage,
        kind=st.sampled_from(["cut", "delete", "repeat", "insert"]),
        at=st.floats(0, 1),
        size=st.integers(0, 400),
        text=st.one_of(odd, text),
    )


def never_a_traceback(dialect: Dialect, harm: list[Damage], words: dict[str, object]) -> None:
    """Whatever is done to a file, it is read or a `PdlibError` says what is wrong with it."""
    content = dialect.write(sound().head(120))
    for one in harm:
        content = one.do(content)
    read_bytes(content, words)


WORDS = st.sampled_from([HAPPY, RATE])
