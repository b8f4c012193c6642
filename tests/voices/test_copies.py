"""A text that is pasted is one voice; short texts are the same between people."""

import pandas as pd

from pdlib.voices.copies import copies

LONG = "The queue was far too long"


def again(texts: list[str], **columns: list[str]) -> list[bool]:
    same = {name: ["x"] * len(texts) for name in ("unit", "period", "voice")}
    return copies(pd.DataFrame({"text": texts, **same, **columns})).tolist()


def test_long_texts_count_once_from_the_third_time_on() -> None:
    assert again([LONG, "fine", LONG, LONG]) == [False, False, True, True]
    assert again([LONG, LONG.upper() + "!!", f" {LONG.replace(' ', '  ')}."]) == [False, True, True]
    assert again([LONG, LONG]) == [False, False]  # two people may say the same


def test_short_texts_all_count() -> None:
    assert again(["ok"] * 3 + ["bad service"] * 3 + ["the queue was long"] * 3) == [False] * 9


def test_another_unit_period_or_voice_is_another_text() -> None:
    for name in ("unit", "period", "voice"):
        assert again([LONG] * 4, **{name: ["x", "y", "x", "y"]}) == [False] * 4
        assert again([LONG] * 4, **{name: ["x", "y", "x", "x"]}) == [False, False, True, True]


def test_scripts_without_spaces_go_by_characters() -> None:
    assert again(["排队的时间实在是太长了"] * 3 + ["很好"] * 3) == [False, True, True, False, False, False]


def test_nothing_to_compare() -> None:
    assert again([]) == []
