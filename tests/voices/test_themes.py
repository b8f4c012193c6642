"""Phrases become patterns; denials do not count; every language's list can be matched."""

import pandas as pd
import pytest

from pdlib.errors import StudyError
from pdlib.study import Study
from pdlib.voices.themes import languages, match_themes, named_themes

OUTCOME = {"name": "happy", "kind": "proportion", "successes": "happy", "n": "answers"}


def study(**more: object) -> Study:
    return Study(unit="shop", period="month", outcome=OUTCOME, **more)


def speaks(text: str, *phrases: str) -> bool:
    (theme,) = [
        theme for theme in named_themes(study(theme={"name": "own", "phrases": phrases})) if theme.name == "own"
    ]
    return bool(match_themes(pd.Series([text]), [theme])["own"].iloc[0])


@pytest.mark.parametrize(
    ("phrase", "text", "expected"),
    [
        ("rang back", "They RANG back!", True),
        ("rang back", "They rang me back", False),
        ("rang … back", "They rang me right back", True),
        ("rang … back", "They rang. I went back", False),
        ("ring*/call* … back", "nobody is ringing back", True),
        ("queue", "long queues", False),
        ("queue*", "long queues", True),
        ("can't wait", "I cant wait", True),
        ("chas*", "I never had to chase them", False),
        ("chas*", "no chasing, lovely", False),
        ("chas*", "didn't need to chase", False),
        ("chas*", "never chased before, now I chase daily", True),
        ("c++ (new)", "I like c++ (new) things", True),
        ("höflich*", "Sehr höfliche Leute", True),
        ("qualité", "La qualité est bonne", True),
        ("élève", "Chaque élève.", True),
        ("élève", "rélève", False),
        ("cher", "un pêcher", False),
        ("慢", "太慢了", True),
        ("很 慢", "很慢", False),
    ],
)
def test_phrases(phrase: str, text: str, expected: bool) -> None:
    assert speaks(text, phrase) is expected


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("There was no human to talk to", "no_person"),
        ("Couldn't get through to anybody all day", "no_person"),
        ("no way of speaking to a person", "no_person"),
        ("Nobody ever called me back", "no_call_back"),
        ("we waited for hours", "waiting"),
        ("Had to chase them twice", "chasing"),
        ("They promised Friday", "broken_promises"),
        ("lost my order again", "lost_and_forgotten"),
        ("sent from one desk to another and passed around", "passed_around"),
        ("Clearly short staffed", "too_few_staff"),
        ("not what it used to be", "not_what_it_was"),
        ("no one had a clue", "nobody_knows"),
        ("so rude", "brushed_off"),
        ("still not working", "still_not_right"),
    ],
)
def test_frustrations_are_heard(text: str, name: str) -> None:
    themes = named_themes(study())
    matched = match_themes(pd.Series([text]), themes).iloc[0]
    assert matched[name]
    assert next(theme for theme in themes if theme.name == name).discontent


@pytest.mark.parametrize(
    "text", ["Quick and friendly", "No queue, no wait", "Never had to chase", "They rang me back", "ok"]
)
def test_praise_is_no_frustration(text: str) -> None:
    frustrations = [theme for theme in named_themes(study()) if theme.discontent]
    assert not match_themes(pd.Series([text]), frustrations).any(axis=None)


@pytest.mark.parametrize("language", languages())
def test_every_language_has_frustrations_that_match(language: str) -> None:
    themes = named_themes(study(voices={"language": language}))
    assert any(theme.discontent for theme in themes) and any(not theme.discontent for theme in themes)
    texts = pd.Series(
        ["Niemand hat zurückgerufen", "Personne ne répond", "Nadie contesta", "Nobody answers the phone", "电话没人接"]
    )
    assert match_themes(texts, themes).any(axis=1).any()


def test_a_declared_theme_replaces_its_namesake_and_an_unknown_language_has_none() -> None:
    own = {"name": "waiting", "label": "the wait", "phrases": ["tapping my foot"], "discontent": True}
    labels = {theme.name: theme.label for theme in named_themes(study(theme=own))}
    assert labels["waiting"] == "the wait"
    assert named_themes(study(voices={"language": "tlh"})) == []


@pytest.mark.parametrize(("phrase", "message"), [("rang //", "empty word"), ("…", "holds no word")])
def test_a_phrase_that_says_nothing(phrase: str, message: str) -> None:
    with pytest.raises(StudyError, match=message):
        named_themes(study(theme={"name": "own", "phrases": [phrase]}))
