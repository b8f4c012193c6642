"""The way in for every file: what it is decides how it is read, and its ending does not."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import pyarrow as pa
from pyarrow import parquet

from pdlib.observations.files.kinds import UnreadableError, damaged, kind_of, unpacked
from pdlib.observations.files.raw import FileReading, Raw, clean
from pdlib.observations.files.text import read_text
from pdlib.observations.files.workbook import read_workbook

if TYPE_CHECKING:
    from pdlib.observations.sheet import Sheet


def read_file(data: bytes, sheet: Sheet, keys: Sequence[str]) -> Raw | None:
    """Read a table from the bytes of a file.

    Parameters
    ----------
    data : bytes
    sheet : Sheet
        To which problems, questions and doubts are told; its options say how the file is written.
    keys : sequence of str
        Columns that stay text as written.

    Returns
    -------
    Raw or None
        None if what was found leaves no table to go on with.

    Raises
    ------
    UnreadableError
        If it is no table, damaged, or of a kind that is not read.
    """
    kind = kind_of(data)
    if kind not in {"text", "parquet", "workbook"}:
        data = unpacked(data, kind)
        kind = kind_of(data)
        if kind not in {"text", "parquet"}:
            raise UnreadableError("the file is packed twice.", "Unpack it once.")
    if kind == "parquet":
        return _read_parquet(data)
    return read_text(data, sheet, keys) if kind == "text" else read_workbook(data, sheet, keys)


def _read_parquet(data: bytes) -> Raw:
    try:
        frame = parquet.read_table(pa.BufferReader(data), use_threads=False).to_pandas(use_threads=False)
    except (pa.ArrowException, OSError, ValueError, TypeError, KeyError, ArithmeticError) as error:
        raise damaged(error) from error
    kept = [name for name in frame.index.names if name is not None]
    frame = frame.reset_index(kept).reset_index(drop=True) if kept else frame.reset_index(drop=True)
    frame.columns = clean(frame.columns)
    return Raw(frame, None, FileReading("Parquet", lines=len(frame), used=len(frame)))
