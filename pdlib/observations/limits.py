"""How large a table may be: a small file can unpack to more than a machine holds, and one cell can fill a page."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from zipfile import ZipFile

import pandas as pd

from pdlib.observations.files.kinds import BROKEN, OPENERS, packing_of

_CHUNK = 1 << 20


class TooLargeError(ValueError):
    """A table goes beyond a limit."""


@dataclass(frozen=True)
class Limits:
    """The most that is read of one table.

    Attributes
    ----------
    bytes : int
        Of the file, and of what it unpacks to.
    ratio : float
        How many times its size a file may unpack to.
    rows, columns : int
    cell : int
        Characters of one value.
    """

    bytes: int = 1_000_000_000
    ratio: float = 200.0
    rows: int = 20_000_000
    columns: int = 5_000
    cell: int = 100_000

    def check_file(self, path: Path) -> None:
        """Refuse a file that is too large or unpacks to too much, before any of it is parsed.

        Raises
        ------
        TooLargeError
            Saying what was found and what is allowed.
        """
        size = path.stat().st_size
        if size > self.bytes:
            raise TooLargeError(f"it has {size:,} bytes; at most {self.bytes:,} are read")
        unpacked = self._unpacked(path, size)
        if unpacked > min(self.bytes, self.ratio * max(size, 1)):
            raise TooLargeError(
                f"its {size:,} bytes unpack to {unpacked:,} or more, as a trap would; at most {self.ratio:g} times "
                f"as many and {self.bytes:,} in all are read"
            )

    def check_frame(self, frame: pd.DataFrame) -> None:
        """Refuse a table with too many rows or columns, or with a value that is too long.

        Raises
        ------
        TooLargeError
            Saying what was found and what is allowed.
        """
        for found, most, what in ((frame.shape[0], self.rows, "rows"), (frame.shape[1], self.columns, "columns")):
            if found > most:
                raise TooLargeError(f"it has {found:,} {what}; at most {most:,} are read")
        for name in frame.columns:
            values = frame[name]
            if not (pd.api.types.is_string_dtype(values) or isinstance(values.dtype, pd.CategoricalDtype)):
                continue
            longest = pd.Series(values.unique()).astype("str").str.len().max()
            if longest > self.cell:
                raise TooLargeError(f"column {name} holds a value of {longest:,.0f} characters; at most {self.cell:,}")

    def _unpacked(self, path: Path, size: int) -> int:
        """Bytes after unpacking, counted no further than the limit; the size itself of a plain file."""
        with path.open("rb") as file:
            packing = packing_of(file.read(8))
        if packing is None:
            return size
        most, count = min(self.bytes, int(self.ratio * max(size, 1))), 0
        try:
            if packing == "zip":
                with ZipFile(path) as archive:
                    return sum(part.file_size for part in archive.infolist())
            with OPENERS[packing](path) as stream:
                while count <= most and (chunk := stream.read(_CHUNK)):
                    count += len(chunk)
        except BROKEN:
            return size  # whatever reads it next says what is wrong with it
        return count


LIMITS = Limits()
