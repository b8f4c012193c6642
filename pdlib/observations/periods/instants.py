"""Instants of time: where their midnights are, and how they are cut into days."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from pdlib.observations.periods.asking import Task
from pdlib.observations.periods.moments import Moment, day, first_day

_CUT = {"%Y-%m-%d": "days", "%Y-%m": "months"}
Moments = dict[int, Moment]


def cut_instants(task: Task, moments: Moments) -> tuple[Moments, list[str]]:
    """Days of instants, as the zone or their own clock has them; where that is open, a question."""
    clocks = {place: clock for place in moments if (clock := task.written.parts[place][1]) is not None}
    if not clocks:
        return moments, []
    offsets = {clock.offset for clock in clocks.values()}
    seconds = {place: clock.seconds for place, clock in clocks.items()}
    if task.declared.zone and None not in offsets:
        moments, seconds = _in_zone(task, moments)
    times = set(seconds.values())
    if times == {0}:
        return moments, ["days of UTC"] if offsets == {0} and not task.declared.zone else []
    if offsets == {0} and not task.declared.zone and _local_midnights(times):
        return _ask_zone(task, moments, seconds), []
    if task.known is None:
        shown = task.written.shown[next(place for place, second in seconds.items() if second)]
        answers = [task.answer({"format": written_as}, what) for written_as, what in _CUT.items()]
        task.ask(f"times of day such as {shown!r}: how are they cut into periods?", answers, "cut", clocks)
    return moments, []


def _in_zone(task: Task, moments: Moments) -> tuple[Moments, dict[int, int]]:
    zone, cut, seconds = ZoneInfo(str(task.declared.zone)), dict(moments), {}
    for place, moment in moments.items():
        clock = task.written.parts[place][1]
        if clock is None or moment.step != "day":
            continue
        start = datetime.combine(first_day(moment), datetime.min.time(), UTC)
        local = (start + timedelta(seconds=clock.seconds, minutes=-(clock.offset or 0))).astimezone(zone)
        cut[place] = day(local.date())
        seconds[place] = local.hour * 3600 + local.minute * 60 + local.second
    return cut, seconds


def _local_midnights(times: set[int]) -> bool:
    """Whether clocks in UTC look like midnight elsewhere: one time of day, or two an hour apart."""
    apart = max(times) - min(times)
    return len(times) <= 2 and all(time % 900 == 0 for time in times) and min(apart, 86_400 - apart) in {0, 1800, 3600}


def _ask_zone(task: Task, moments: Moments, seconds: dict[int, int]) -> Moments:
    """Ask where it was midnight; until then the nearest midnight is taken, and never the day before."""
    later = {place for place, second in seconds.items() if second >= 43_200}
    first = min(later or seconds)
    found = f"{task.written.shown[first]!r} is no midnight of UTC but may be one elsewhere."
    answer = task.answer({"zone": "Europe/Berlin"}, "or whichever place it was")
    task.ask(found, [answer], "zone", seconds, "Say in which time zone:")
    return {
        place: day(first_day(moment) + timedelta(days=1)) if place in later else moment
        for place, moment in moments.items()
    }
