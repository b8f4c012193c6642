"""The command ``pdlib``: build reports, audit them, check data, print what a scheduler needs.

Exit codes: 0 all good, 1 something failed or must stop, 2 wrong usage, 3 another build holds the folder, 130 and 143
stopped by a signal.
"""

from __future__ import annotations

import argparse
import errno
import os
import signal
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any

from pdlib.errors import PdlibError

if TYPE_CHECKING:
    from pdlib.check import Checked
    from pdlib.publish.how import Built
    from pdlib.publish.plan import Report

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
        _complain("Stopped.")
        return 128 + signal.SIGINT
    except BrokenPipeError:  # whoever read along, such as `head`, has seen enough
        sys.stdout = open(os.devnull, "w")  # noqa: PTH123, SIM115 - so that nothing is written at the end either
        return 128 + signal.SIGPIPE


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="pdlib", description="Find the few who thrive with the same means, and what they do."
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    _add_build(commands.add_parser("build", help="build reports from studies", description=_BUILD))
    audit = commands.add_parser(
        "audit",
        help="measure built reports against the standard for pages",
        description="Print each criterion with what was measured. Ends with code 1 if one is not met.",
    )
    audit.add_argument(
        "studies", nargs="+", metavar="STUDY", help="a study.toml, its folder, or the HTML file of a page"
    )
    audit.add_argument("--notebook", metavar="NB", help="notebook that the pages were built from")
    audit.add_argument("--each", metavar="NAME[=A,B]", help="the pages built with the same --each")
    audit.add_argument("--only", metavar="PAGE", action="append", default=[], help="of these, audit only PAGE")
    audit.add_argument("--output", metavar="DIR", default="reports", help="folder of the reports (default: reports)")
    audit.add_argument("--study", metavar="STUDY", help="the study of a page that is given as an HTML file")
    audit.add_argument("--rebuilt", metavar="DIR", help="folder of a second build, to see whether it is the same")
    audit.add_argument("--no-browser", action="store_true", help="leave out what only a browser can tell")
    audit.set_defaults(command=_audit)
    _add_check(commands.add_parser("check", help="read studies and say what was understood", description=_CHECK))
    schedule = commands.add_parser("schedule", help="print an entry for cron, a systemd timer or a CI workflow")
    schedule.add_argument("kind", choices=["cron", "systemd", "github"], help="for which scheduler")
    schedule.add_argument("studies", nargs="+", metavar="STUDY", help="a study.toml, or the folder that holds it")
    schedule.set_defaults(command=_schedule)
    return parser


_CHECK = """Read studies and print on one screen what was understood of each column, then what must be corrected or
answered, then doubts. Ends with code 1 if anything stops a build."""


def _add_check(check: argparse.ArgumentParser) -> None:
    add = check.add_argument
    add("studies", nargs="+", metavar="STUDY", help="a study.toml, or the folder that holds it")
    add("--strict", action="store_true", help="a doubt, or a row that was set aside, is a failure")
    add("--json", action="store_true", help="print one JSON object for all studies instead of the screen")
    add("--write", metavar="ANSWER", nargs="+", default=[], help="put answers into study.toml: 1 or 1a, 2b, ...")
    add("--fixes", metavar="FILE", help="write what only the source can correct into FILE (.csv or .xlsx)")
    check.set_defaults(command=_check)


_BUILD = """Build the reports of studies: one page each, or, with --each, one page for each unit or region. What has not
changed is not built again; what fails keeps its last good page."""


def _add_build(build: argparse.ArgumentParser) -> None:
    add = build.add_argument
    add("studies", nargs="+", metavar="STUDY", help="a study.toml, or the folder that holds it")
    add("--each", metavar="NAME[=A,B]", help="a page for each unit, each region, or each value given of a parameter")
    add("--only", metavar="PAGE", action="append", default=[], help="of these, build only PAGE (a label, or Harbour*)")
    add("--notebook", metavar="NB", help="notebook to run (default: insight_report, or unit_page for each unit)")
    add("--output", metavar="DIR", default="reports", help="folder to write to (default: reports)")
    add("-p", "--parameter", metavar="NAME=VALUE", action="append", default=[], type=_pair, dest="parameters")
    add("--force", action="store_true", help="build what has not changed too")
    add("--strict", action="store_true", help="a doubt, or a row that was set aside, is a failure")
    add("--accept-shrink", action="store_true", help="build although a table has become smaller since the last build")
    add("--verify", metavar="N", type=_count, default=0, help="run N pages of a report whole too, and compare first")
    add("--jobs", metavar="N", type=_count, default=0, help="kernels at a time (default: one a core)")
    add("--engine", choices=["auto", "fork", "plain"], default="auto", help="where kernels come from (default: auto)")
    add("--timeout", metavar="SECONDS", type=_seconds, default=600, help="limit per page (default: 600)")
    add("--cell-timeout", metavar="SECONDS", type=_seconds, default=600, help="limit per cell (default: 600)")
    add("--build-timeout", metavar="SECONDS", type=_seconds, default=21600, help="limit for all (default: 6 hours)")
    add("--pdf", action="store_true", help="write a tagged PDF beside each page, if Chromium is there")
    add("--quiet", action="store_true", help="print errors only")
    build.set_defaults(command=_build)


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


def _count(text: str) -> int:
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"'{text}' is not a number of 0 or more")
    return int(text)


def _build(arguments: argparse.Namespace) -> int:
    received = [signal.SIGINT]

    def terminated(number: int, _frame: FrameType | None) -> None:
        # A scheduler's stop signal shuts the kernels down as Ctrl+C does, to which a job in the background may be deaf.
        received[0] = signal.Signals(number)
        if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
            raise KeyboardInterrupt
        signal.raise_signal(signal.SIGINT)

    before = signal.signal(signal.SIGTERM, terminated)
    try:
        return _build_all(arguments)
    except KeyboardInterrupt:
        _complain("Stopped. Pages that were finished are published; the next build goes on from there.")
        return 128 + received[0]
    finally:
        signal.signal(signal.SIGTERM, before)


def _build_all(arguments: argparse.Namespace) -> int:
    from pdlib.publish.build import LockedError, build_reports, note_unplanned
    from pdlib.publish.how import How
    from pdlib.publish.parameters import ParameterError

    how = How(
        jobs=arguments.jobs, engine=arguments.engine, only=tuple(arguments.only), force=arguments.force,
        strict=arguments.strict, accept_shrink=arguments.accept_shrink, verify=arguments.verify,
        cell_seconds=arguments.cell_timeout, page_seconds=arguments.timeout, build_seconds=arguments.build_timeout,
        progress=not arguments.quiet,
    )  # fmt: skip
    reports: dict[Path, Report] = {}
    codes = [GOOD]
    for study in arguments.studies:
        try:
            report = _planned(arguments, study)
            reports[report.study_file] = report
        except ParameterError as error:
            _complain(str(error))
            return USAGE
        except PdlibError as error:
            note_unplanned(study, arguments.output, _each(arguments)["each"], error)
            codes.append(_not_built(study, error))
    try:
        results = build_reports(list(reports.values()), how) if reports else []
    except LockedError as error:
        _complain(str(error))
        return LOCKED
    except ParameterError as error:
        _complain(str(error))
        return USAGE
    except OSError as error:
        _complain(f"{arguments.output} cannot be written to: {error}. Nothing was built; what was there is as it was.")
        return FAILED
    for report, built in zip(reports.values(), results, strict=True):
        codes.append(_told(report, built, quiet=arguments.quiet))
        if arguments.pdf and not built.error:
            codes.append(_print_to_pdf(report))
    return max(codes)


def _planned(arguments: argparse.Namespace, study: str) -> Report:
    from pdlib.publish.plan import plan

    return plan(
        study, notebook=arguments.notebook, output=arguments.output, parameters=dict(arguments.parameters),
        **_each(arguments),
    )  # fmt: skip


def _each(arguments: argparse.Namespace) -> dict[str, Any]:
    """What ``--each NAME=A,B`` stands for."""
    name, given, values = (arguments.each or "").partition("=")
    return {"each": name or None, "values": [value for value in values.split(",") if value] if given else None}


def _told(report: Report, built: Built, *, quiet: bool) -> int:
    """Say what became of a report; returns its exit code."""
    from pdlib.publish.files import relative
    from pdlib.publish.parameters import ParameterError

    if isinstance(built.error, ParameterError):
        _complain(str(built.error))
        return USAGE
    if built.error:
        return _not_built(str(relative(report.study_file)), built.error)
    for label, error in built.failed:
        _complain(f"{label}: not built.\n{_one_screen(str(error), 4)}")
    if not quiet:
        counts = {"built": built.built, "unchanged": built.unchanged, "failed": len(built.failed)}
        pages = ", ".join(f"{count} {word}" for word, count in counts.items() if count) if report.each else ""
        pages = pages or ("" if built.built else "unchanged")
        _say("  ".join(part for part in (str(relative(built.page)), pages, f"{built.seconds:.1f} s") if part))
        for warning in built.warnings:
            _say(f"  note: {warning}")
    return FAILED if built.failed else GOOD


def _not_built(study: str, error: PdlibError) -> int:
    _complain("\n".join([f"{study}: not built.", _one_screen(str(error)), *getattr(error, "__notes__", [])]))
    return FAILED


def _schedule(arguments: argparse.Namespace) -> int:
    from pdlib.publish.schedule import entry

    try:
        _say(entry(arguments.kind, arguments.studies))
    except PdlibError as error:
        _complain(str(error))
        return FAILED
    return GOOD


def _print_to_pdf(report: Report) -> int:
    """Write the PDF of each page that has none yet; without a Chromium say so, which is no failure."""
    from pdlib.publish.pdf import PdfError, pdf_twin

    try:
        for page in report.finished():
            if not page.with_suffix(".pdf").exists() and pdf_twin(page) is None:
                _say("  note: no PDF was made, for this machine has no Chromium.")
                break
    except PdfError as error:
        _complain(str(error))
        return FAILED
    return GOOD


def _audit(arguments: argparse.Namespace) -> int:
    return max(_audit_one(arguments, study) for study in arguments.studies)


def _audit_one(arguments: argparse.Namespace, given: str) -> int:
    from pdlib.publish.audit import audit, written

    is_page = given.endswith(".html")
    try:
        pages = {Path(Path(given).name): []} if is_page else _pages(arguments, given)
        folder = Path(given).parent if is_page else Path(arguments.output).resolve()
        codes = []
        for page, own in pages.items():
            measures = audit(
                folder / page, study=arguments.study if is_page else given, own=own,
                rebuilt=Path(arguments.rebuilt) / page if arguments.rebuilt else None, browser=not arguments.no_browser,
            )  # fmt: skip
            _say(f"{folder / page}\n{written(measures)}\n")
            codes.append(FAILED if any(measure.met is False for measure in measures) else GOOD)
    except FileNotFoundError as error:
        _complain(f"There is no page {error.filename}. Build it first: pdlib build {given}")
        return USAGE
    except PdlibError as error:
        _complain(f"{given}: {error}")
        return FAILED
    return max(codes)


def _pages(arguments: argparse.Namespace, study: str) -> dict[Path, list[str]]:
    """Pages of a study's report, seen from its folder, each with what it alone may name."""
    from pdlib.publish.manifest import read_manifest
    from pdlib.publish.plan import asked_pages, plan

    report = plan(study, notebook=arguments.notebook, output=arguments.output, **_each(arguments))
    known: list[tuple[Any, str]] = [("", report.study)]
    if report.each:
        manifest = read_manifest(report.manifest)
        if manifest is None:
            raise FileNotFoundError(errno.ENOENT, "not built", str(report.page))
        made = [page for page in manifest["pages"].values() if page["sha256"]]
        known = [(page["values"][report.each], page["label"]) for page in made]
    return {
        (report.pages / f"{member.name}.html").relative_to(report.folder): [
            str(value) for value in member.values.values()
        ]
        for member in asked_pages(report.members(known), arguments.only)
    }


def _check(arguments: argparse.Namespace) -> int:
    import json

    from pdlib.check import check, fix_list

    if arguments.write and len(arguments.studies) > 1:
        _complain("--write answers the questions of one study; name one.")
        return USAGE
    checked = [check(study) for study in arguments.studies]
    if arguments.write:
        return _write_answers(checked[0], arguments)
    if arguments.json:
        _say(json.dumps({"studies": [one.record for one in checked]}, indent=2, ensure_ascii=False, default=str))
    for study, one in zip(arguments.studies, checked, strict=True):
        if one.text and not arguments.json:
            _say("\n".join([study, one.text, *_silence(one), ""]))
        if one.error:
            _complain(f"{study}: {one.error}")
        elif one.fails(strict=arguments.strict):
            aside = "there are doubts, or rows that were set aside; --strict allows none"
            _complain(f"{study}: {aside if one.observations else 'cannot be used yet; see above'}.")
    if arguments.fixes:
        try:
            lines = fix_list(checked, arguments.fixes)
        except (OSError, ValueError) as error:
            _complain(f"{arguments.fixes} cannot be written: {error}")
            return USAGE
        _say(f"{arguments.fixes}: {lines} {'line' if lines == 1 else 'lines'} to correct at the source.")
    return FAILED if any(one.fails(strict=arguments.strict) for one in checked) else GOOD


def _silence(checked: Checked) -> list[str]:
    """Why nobody could be named from these data; nothing if somebody could."""
    from pdlib.expected import expect

    if checked.observations is None:
        return []
    try:
        silence = expect(checked.observations, challenger=None).silence
    except PdlibError as error:
        silence = str(error)
    return [f"  note: {silence}"] if silence else []


def _write_answers(checked: Checked, arguments: argparse.Namespace) -> int:
    """Keep answers in the study, then check again."""
    from pdlib.check import answer

    try:
        for key in answer(checked, arguments.write):
            _complain(f"{checked.file}: {key}")
    except (PdlibError, OSError) as error:
        _complain(f"{checked.file}: nothing was written. {error}")
        return USAGE
    return _check(argparse.Namespace(**{**vars(arguments), "write": []}))


def _one_screen(text: str, lines: int = 18) -> str:
    """The head of a long message; the failed page holds the rest."""
    head = text.splitlines()
    return text if len(head) <= lines else "\n".join([*head[:lines], f"… and {len(head) - lines} more lines."])


def _say(text: str) -> None:
    print(text, flush=True)


def _complain(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    raise SystemExit(main())
