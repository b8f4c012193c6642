"""The shelf of a folder: a page for people, a feed for readers, a line for monitors, and entries for schedulers."""

import configparser
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
import yaml

from pdlib.cli import main
from pdlib.publish import pages
from pdlib.publish.build import build
from pdlib.publish.files import earlier
from tests.publish.places import STUDY, execute, make_study, notebook

ATOM = "{http://www.w3.org/2005/Atom}"
CHANGE = "Since the report of 3 October 2026: one is new & <two> stayed."


@pytest.fixture
def news(monkeypatch):
    """No kernel, and a notebook that knows what has changed; each build a day after the last."""
    days = iter(range(99))

    async def told(*given, **more):
        made = await execute(*given, **more)
        return pages._Made(made.nb, {"change": CHANGE}, made.engine)

    clock = type("Clock", (datetime,), {"now": lambda _: datetime.now(UTC) - timedelta(20 - next(days))})
    monkeypatch.setattr(pages._Maker, "_execute", told)
    monkeypatch.setattr(pages, "datetime", clock)


@pytest.mark.usefixtures("news")
def test_what_changed_stands_on_the_shelf_and_in_the_feed(place):
    for number in range(3):
        build("study", notebook=notebook(f"print({number})"))
    shelf = Path("reports/index.html").read_text(encoding="utf-8")
    assert "one is new &amp; &lt;two&gt; stayed." in shelf
    assert "Earlier builds: 2" in shelf
    feed = ET.fromstring(Path("reports/feed.xml").read_bytes())  # noqa: S314 - it is ours
    entries = feed.findall(f"{ATOM}entry")
    assert [entry.findtext(f"{ATOM}summary") for entry in entries] == [CHANGE] * 3
    for element in (feed, *entries):
        assert element.findtext(f"{ATOM}id") and element.findtext(f"{ATOM}title")
        assert datetime.fromisoformat(element.findtext(f"{ATOM}updated")).tzinfo
    assert feed.find(f"{ATOM}author/{ATOM}name") is not None
    times = [entry.findtext(f"{ATOM}updated") for entry in entries]
    assert times == sorted(times, reverse=True)
    links = [entry.find(f"{ATOM}link").get("href") for entry in entries]
    assert all(Path("reports", link).is_file() for link in links)
    ids = {entry.findtext(f"{ATOM}id") for entry in entries}
    assert len(ids) == 3
    build("study", notebook=notebook("print(3)"))  # what moves among the earlier ones is no news
    assert all(f"<id>{name}</id>" in Path("reports/feed.xml").read_text(encoding="utf-8") for name in ids)


@pytest.mark.usefixtures("news")
def test_earlier_builds_go_when_their_days_are_over(place):
    study = Path("study/study.toml")
    for number in range(6):
        page = build("study", notebook=notebook(f"print({number})")).page
    assert len(earlier(page)) == 5
    study.write_text(STUDY + "[reports]\nkeep_days = 18\n", encoding="utf-8")
    build("study", notebook="report.ipynb")
    ages = [json.loads(path.with_suffix(".json").read_text())["built"] for _, path in earlier(page)]
    assert ages
    assert all(datetime.now(UTC) - datetime.fromisoformat(built) < timedelta(18) for built in ages)
    assert len(list(Path("reports/earlier").iterdir())) == 2 * len(ages)


@pytest.mark.usefixtures("quick")
def test_a_monitor_reads_one_line(place):
    def status():
        text = Path("reports/status.json").read_text(encoding="utf-8")
        assert text.count("\n") == 1
        return json.loads(text)

    build("study", notebook=notebook())
    first = status()
    assert (first["status"], first["reports"], first["failed"]) == ("good", 1, [])
    Path("reports/status.json").unlink()
    build("study", notebook="report.ipynb")  # nothing is due, but the build has looked
    assert status()["newest"] == first["newest"]
    assert main(["build", "study", "--notebook", notebook("boom"), "--quiet"]) == 1
    assert (status()["status"], status()["failed"]) == ("failed", ["repair-shops-report"])


# -- schedulers ---------------------------------------------------------------------------------------------------


@pytest.mark.kernel
@pytest.mark.skipif(os.name == "nt", reason="cron and systemd")
def test_what_schedulers_are_given_runs(tmp_path, monkeypatch, capsys):
    """In a folder whose name has what each of them treats in its own way, with next to nothing in the environment."""
    place = tmp_path / '50% of $HOME\'s "shops"'
    make_study(place / "my study")
    (place / "pyproject.toml").touch()
    notebook(path=place / "notebooks" / "insight_report.ipynb")
    monkeypatch.chdir(place)
    page = place / "reports" / "repair-shops.html"

    def printed(kind):
        assert main(["schedule", kind, "my study"]) == 0
        return capsys.readouterr().out

    def runs(command, folder="/", path=os.defpath):
        environment = {"PATH": path, "HOME": str(tmp_path)}
        done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)
        assert (done.returncode, done.stderr) == (0, "")
        return done.stdout

    line = printed("cron").splitlines()[-1]
    fields = line.split(None, 5)
    assert fields[:5] == ["15", "4", "2", "*", "*"]
    assert not re.search(r"(?<!\\)%", fields[5])  # cron would end the line there
    assert runs(["/bin/sh", "-c", fields[5].replace(r"\%", "%")]) == ""
    built = page.stat().st_mtime_ns

    service, timer = re.split(r"^# Save as .*pdlib\.timer.*$", printed("systemd"), flags=re.MULTILINE)
    parsed = configparser.ConfigParser(interpolation=None)
    parsed.optionxform = str
    parsed.read_string(service)
    unit = parsed["Service"]
    words = [word.replace("%%", "%").replace("$$", "$") for word in shlex.split(unit["ExecStart"])]
    assert runs(words, unit["WorkingDirectory"].replace("%%", "%")) == ""
    if shutil.which("systemd-analyze"):
        for name, text in (("pdlib.service", service), ("pdlib.timer", timer)):
            (tmp_path / name).write_text(text, encoding="utf-8")
        files = [str(tmp_path / "pdlib.service"), str(tmp_path / "pdlib.timer")]
        environment = {"PATH": os.defpath, "XDG_RUNTIME_DIR": str(tmp_path)}
        said = subprocess.run(
            ["systemd-analyze", "verify", "--user", *files], env=environment, capture_output=True, text=True
        )
        assert (said.returncode, said.stderr) == (0, "")

    job = yaml.safe_load(printed("github"))["jobs"]["build"]
    steps = {step.get("name") or step["uses"].partition("@")[0]: step for step in job["steps"]}
    bash = [shutil.which("bash"), "-e", "-c", steps["build"]["run"]]
    runs(bash, place, os.pathsep.join([str(Path(sys.executable).parent), os.defpath]))
    cached = steps["actions/cache"]["with"]["path"].split("\n")
    assert {"reports", "my study/history.jsonl"} <= set(cached)
    assert steps["actions/upload-artifact"]["if"] == "always()"
    assert page.stat().st_mtime_ns == built  # all three build the same: after the first, nothing was due


def test_what_no_scheduler_can_quote_is_refused(place, capsys):
    make_study(place / "a\nb")
    assert main(["schedule", "cron", "a\nb"]) == 1
    assert "cannot be scheduled" in capsys.readouterr().err
    assert main(["schedule", "cron", "nowhere"]) == 1
    assert main(["schedule", "at", "study"]) == 2
