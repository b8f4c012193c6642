"""Entries for schedulers, ready to paste: this Python, these studies, and what each scheduler wants quoted."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Sequence
from pathlib import Path

from pdlib.errors import StudyError
from pdlib.publish.plan import find_study, project

_CRON = """\
# Builds on the 2nd of each month at 04:15. Add these lines with: crontab -e
# Nothing is printed while all is well; else cron mails what failed (to MAILTO, if that is set).
15 4 2 * * cd {folder} && {command}
"""
_SYSTEMD = """\
# Save as ~/.config/systemd/user/pdlib.service
[Unit]
Description=Build the insight reports

[Service]
Type=oneshot
WorkingDirectory={folder}
ExecStart={command}

# Save as ~/.config/systemd/user/pdlib.timer, then: systemctl --user enable --now pdlib.timer
[Unit]
Description=Build the insight reports each month

[Timer]
OnCalendar=*-*-02 04:15
Persistent=true

[Install]
WantedBy=timers.target
"""
# The cache carries the reports (what has not changed is not built again) and the history (what changed since).
_GITHUB = """\
# Save as .github/workflows/reports.yml
name: reports
on:
  schedule:
    - cron: "15 4 2 * *"
  workflow_dispatch:
permissions:
  contents: read
concurrency: reports
jobs:
  build:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v4
      - uses: actions/setup-python@v5
        with:
          python-version: "3.12"
      - uses: actions/cache@v4
        with:
          path: |
            reports
            {history}
          key: reports-${{{{ github.run_id }}}}
          restore-keys: reports-
      - name: install
        run: python -m pip install .
      - name: build
        run: {command}
      - if: always()
        uses: actions/upload-artifact@v4
        with:
          name: reports
          path: reports
"""


def entry(kind: str, studies: Sequence[str]) -> str:
    """Write the entry for a scheduler.

    Parameters
    ----------
    kind : {"cron", "systemd", "github"}
    studies : sequence of str
        Paths of the studies to build.

    Raises
    ------
    StudyError
        If there is no such study, or a path holds what no scheduler can quote.
    """
    files = [find_study(study) for study in studies]
    if any(not str(file).isprintable() for file in files):
        raise StudyError("A path with a line break or another control character cannot be scheduled. Rename it.")
    folder = Path.cwd()
    if kind == "github":
        folder = project(files[0].parent)[-1]
        named = [file.relative_to(folder) if file.is_relative_to(folder) else file for file in files]
        history = "\n            ".join(str(file.parent / "history.jsonl") for file in named)
        return _GITHUB.format(history=history, command=shlex.join(["pdlib", "build", *map(str, named)])).rstrip()
    command = [*_pdlib(), "build", "--quiet", *map(str, files)]
    if kind == "cron":  # a bare % would end the line
        return _CRON.format(
            folder=shlex.quote(str(folder)).replace("%", r"\%"), command=shlex.join(command).replace("%", r"\%")
        ).rstrip()
    return _SYSTEMD.format(folder=str(folder).replace("%", "%%"), command=" ".join(map(_unit_word, command))).rstrip()


def _pdlib() -> list[str]:
    program = Path(sys.executable).with_name("pdlib")
    return [str(program)] if program.is_file() else [sys.executable, "-m", "pdlib.cli"]


def _unit_word(word: object) -> str:
    """Quote a word for a unit file, in which % and $ have meanings of their own."""
    text = str(word).replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%").replace("$", "$$")
    return f'"{text}"' if " " in text or "'" in text or '\\"' in text else text
