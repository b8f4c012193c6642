"""The command ``pdlib``: build reports, audit them, check data.

Exit codes: 0 all good, 1 something failed, 2 wrong usage, 3 another build holds the folder.
"""

from __future__ import annotations

import argparse
import signal
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from types import FrameType
from typing import NoReturn

from pdlib.errors import PdlibError

GOOD, FAILED, USAGE, LOCKED = 0, 1, 2, 3


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit code.

    Parameters
    ----------
    argv : sequence of str, optional
        Arguments without the program's name; those of the process if None.
    """
    parser = _parser()
    try:
        arguments = parser.parse_args(argv)
        command: Callable[[argparse.Namespace], int] = arguments.command
    except SystemExit as stop:
        return stop.code if isinstance(stop.code, int) else USAGE
    try:
        return command(arguments)
    except KeyboardInterrupt:
        _complain("Stopped; nothing was published.")
        return 128 + signal.SIGINT


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="pdlib", description="Find the few who thrive with the same means, and what they do."
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    build = commands.add_parser("build", help="build reports from studies", description="Build one report per study.")
    build.add_argument("studies", nargs="+", metavar="STUDY", help="a study.toml, or the folder that holds it")
    build.add_argument("--notebook", metavar="NB", help="notebook to run (default: the project's insight report)")
    build.add_argument("--output", metavar="DIR", default="reports", help="folder to write to (default: reports)")
    build.add_argument(
        "-p", "--parameter", metavar="NAME=VALUE", action="append", default=[], type=_pair, dest="parameters"
    )
    build.add_argument(
        "--timeout", metavar="SECONDS", type=_seconds, default=600, help="limit per report (default: 600)"
    )
    build.add_argument("--quiet", action="store_true", help="print errors only")
    build.set_defaults(command=_build)
    build.add_argument("--pdf", action="store_true", help="write a tagged PDF beside each page, if Chromium is there")
    audit = commands.add_parser(
        "audit",
        help="measure built reports against the standard for pages",
        description="Print each criterion with what was measured. Ends with code 1 if one is not met.",
    )
    audit.add_argument(
        "studies", nargs="+", metavar="STUDY", help="a study.toml, its folder, or the HTML file of a page"
    )
    audit.add_argument("--output", metavar="DIR", default="reports", help="folder of the reports (default: reports)")
    audit.add_argument("--study", metavar="STUDY", help="the study of a page that is given as an HTML file")
    audit.add_argument("--rebuilt", metavar="DIR", help="folder of a second build, to see whether it is the same")
    audit.add_argument("--no-browser", action="store_true", help="leave out what only a browser can tell")
    audit.set_defaults(command=_audit)
    check = commands.add_parser("check", help="read studies and report every data problem")
    check.add_argument("studies", nargs="+", metavar="STUDY", help="a study.toml, or the folder that holds it")
    check.set_defaults(command=_check)
    return parser


def _pair(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals or not name.isidentifier():
        raise argparse.ArgumentTypeError(f"'{text}' is not NAME=VALUE")
    return name, value


def _seconds(text: str) -> float:
    seconds = float(text)
    if not 0 < seconds < float("inf"):
        raise argparse.ArgumentTypeError(f"'{text}' is not a number of seconds above 0")
    return seconds


def _build(arguments: argparse.Namespace) -> int:
    pages: set[Path] = set()
    # A scheduler's stop signal must shut the kernel down, not orphan it.
    before = signal.signal(signal.SIGTERM, _terminated)
    try:
        return max(_build_one(arguments, study, pages) for study in arguments.studies)
    finally:
        signal.signal(signal.SIGTERM, before)


def _build_one(arguments: argparse.Namespace, study: str, pages: set[Path]) -> int:
    """Build one report; a failure here must not stop the others."""
    from pdlib.publish.build import LockedError, build, relative
    from pdlib.publish.parameters import ParameterError

    try:
        built = build(
            study,
            notebook=arguments.notebook,
            output=arguments.output,
            parameters=dict(arguments.parameters),
            timeout=arguments.timeout,
            progress=not arguments.quiet,
        )
    except LockedError as error:
        _complain(str(error))
        return LOCKED
    except ParameterError as error:
        _complain(str(error))
        return USAGE
    except PdlibError as error:
        _complain("\n".join([f"{study}: not built.", _one_screen(str(error)), *getattr(error, "__notes__", [])]))
        return FAILED
    if built.page in pages:
        _complain(f"{study}: replaced {built.page.name}, built a moment ago by a study of the same name. Rename one.")
        return FAILED
    pages.add(built.page)
    if arguments.pdf and not _print_to_pdf(built.page):
        return FAILED
    if not arguments.quiet:
        _say(f"{relative(built.page)}  {built.seconds:.1f} s")
        for warning in built.warnings:
            _say(f"  note: {warning}")
    return GOOD


def _print_to_pdf(page: Path) -> bool:
    """Write the page's PDF; without a Chromium say so, which is no failure."""
    from pdlib.publish.pdf import PdfError, pdf_twin

    try:
        if pdf_twin(page) is None:
            _say("  note: no PDF was made, for this machine has no Chromium.")
    except PdfError as error:
        _complain(str(error))
        return False
    return True


def _audit(arguments: argparse.Namespace) -> int:
    return max(_audit_one(arguments, study) for study in arguments.studies)


def _audit_one(arguments: argparse.Namespace, given: str) -> int:
    from pdlib.publish.audit import audit, written
    from pdlib.publish.files import slug
    from pdlib.study import load_study

    try:
        is_page = given.endswith(".html")
        page = Path(given) if is_page else Path(arguments.output) / f"{slug(load_study(given).name)}.html"
        rebuilt = Path(arguments.rebuilt) / page.name if arguments.rebuilt else None
        measures = audit(
            page, study=arguments.study if is_page else given, rebuilt=rebuilt, browser=not arguments.no_browser
        )
    except FileNotFoundError as error:
        _complain(f"There is no page {error.filename}. Build it first: pdlib build {given}")
        return USAGE
    except PdlibError as error:
        _complain(f"{given}: {error}")
        return FAILED
    _say(f"{page}\n{written(measures)}\n")
    return FAILED if any(measure.met is False for measure in measures) else GOOD


def _check(arguments: argparse.Namespace) -> int:
    return max(_check_one(study) for study in arguments.studies)


def _check_one(study: str) -> int:
    import pdlib

    path = Path(study)
    try:
        observations = pdlib.read(pdlib.load_study(path / "study.toml" if path.is_dir() else path))
    except PdlibError as error:
        _complain(f"{study}: {error}")
        return FAILED
    _say(f"{study}: {observations.finding}")
    for caveat in observations.caveats:
        _say(f"  note: {caveat}")
    return GOOD


def _one_screen(text: str, lines: int = 18) -> str:
    """The head of a long message; the failed page holds the rest."""
    head = text.splitlines()
    return text if len(head) <= lines else "\n".join([*head[:lines], f"… and {len(head) - lines} more lines."])


def _terminated(_number: int, _frame: FrameType | None) -> NoReturn:
    raise SystemExit(128 + signal.SIGTERM)


def _say(text: str) -> None:
    print(text, flush=True)


def _complain(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    raise SystemExit(main())
