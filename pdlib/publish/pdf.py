"""The page on paper: a tagged PDF with an outline, made by a Chromium without a window.

SharePoint, Teams and Outlook show a PDF where they only offer an HTML file for download.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from tempfile import TemporaryDirectory

from pdlib.errors import PdlibError

_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome", "msedge")
_SECONDS = 120


class PdfError(PdlibError):
    """Chromium is there and made no PDF."""


def find_chromium() -> str | None:
    """Find a Chromium on the path; None if there is none."""
    return next((found for name in _NAMES if (found := shutil.which(name))), None)


def is_root() -> bool:
    """Tell whether this process is root's."""
    return hasattr(os, "geteuid") and os.geteuid() == 0


def pdf_twin(page: Path) -> Path | None:
    """Write a page's PDF beside it.

    Parameters
    ----------
    page : Path
        The finished HTML file.

    Returns
    -------
    Path or None
        None if this machine has no Chromium.

    Raises
    ------
    PdfError
        If Chromium ends without a tagged PDF with an outline; the last one stays.
    """
    chromium = find_chromium()
    if chromium is None:
        return None
    target = page.with_suffix(".pdf")
    with TemporaryDirectory(dir=page.parent, prefix=".pdf-") as folder:
        made = Path(folder) / target.name
        # The page needs no network; here there is none.
        options = [
            "--headless", "--disable-gpu", "--host-resolver-rules=MAP * ~NOTFOUND",
            f"--user-data-dir={folder}/profile", "--no-pdf-header-footer", "--generate-pdf-document-outline",
            f"--print-to-pdf={made}",
        ]  # fmt: skip
        if is_root():
            options.append("--no-sandbox")  # Chromium refuses to start for root with one
        try:
            done = subprocess.run(
                [chromium, *options, page.resolve().as_uri()], capture_output=True, timeout=_SECONDS, check=False
            )
        except subprocess.TimeoutExpired:
            raise PdfError(f"Chromium made no PDF of {page.name} within {_SECONDS} seconds.") from None
        if not made.is_file() or not is_tagged(made):
            raise PdfError(f"Chromium ended with code {done.returncode} and without a tagged PDF of {page.name}.")
        made.replace(target)
    return target


def is_tagged(pdf: Path) -> bool:
    """Tell whether a PDF has what a screen reader needs: tags, a language and an outline."""
    data = pdf.read_bytes()
    return data.startswith(b"%PDF") and all(mark in data for mark in (b"/StructTreeRoot", b"/Outlines", b"/Lang"))
