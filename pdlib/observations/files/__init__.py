"""Files as people write them: what kind a file is, how its text is laid out, and the table in it, row by row."""

from pdlib.observations.files.door import read_file
from pdlib.observations.files.kinds import UnreadableError
from pdlib.observations.files.raw import FileReading, Raw

__all__ = ["FileReading", "Raw", "UnreadableError", "read_file"]
