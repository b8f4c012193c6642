"""What a finished page must not give away is found in its bytes, wherever it hides, and nothing else is."""

import numpy as np
import pandas as pd
import pytest

import pdlib
from pdlib.publish.scan import FINDERS, Bytes, named, personal_data, privacy_failures

PLACES = ["Elm Retail Park", "Elm", "Old Mill", "Harbour Street", "Café & Co <b>", "東京", "12", "Kings\u202e Cross"]
NAMES = PLACES + [f"Site {chr(65 + i)}{i:02d}x" for i in range(12)]


@pytest.fixture(scope="module")
def observations():
    rng = np.random.default_rng(1)
    panel = pd.DataFrame(
        [(f"S{i:03d}", name, f"2025-{month:02d}") for i, name in enumerate(NAMES) for month in range(1, 7)],
        columns=["shop", "name", "month"],
    )
    panel["answers"] = rng.integers(200, 9000, len(panel))
    panel["happy"] = (panel["answers"] * rng.uniform(0.5, 0.9, len(panel))).astype(int)
    panel["jobs"] = rng.integers(10_000, 99_000, len(panel))
    comments = pd.DataFrame(
        {
            "shop": "S001", "month": "2025-01", "voice": "customer",
            "text": ["They rang my mum on day three to see if she could hear me now.", "Fine.", "Parking is a pain!"],
        }
    )  # fmt: skip
    study = pdlib.Study(
        unit={"column": "shop", "label": "name", "singular": "shop", "plural": "shops"}, period="month",
        outcome={"name": "happy", "kind": "proportion", "successes": "happy", "n": "answers",
                 "exposure_label": "answers"}, voices={"text": "text"},
    )  # fmt: skip
    units = panel[["shop", "name"]].drop_duplicates()
    tables = {"observations": panel.drop(columns="name"), "units": units, "comments": comments}
    return pdlib.read(study, tables=tables)


CARRIERS = [
    "<p>{}</p>", '<p title="{}">x</p>', '<img alt="{}" src="data:image/png;base64,AA">', '<a href="../{}.html">x</a>',
    '<p id="{}">x</p>', "<svg><g><circle r='3'><title>{}: 79 %</title></circle></g></svg>", "<!-- {} -->",
    "<svg><text>{}</text></svg>", "<table><tr><td>1</td><td>{}</td></tr></table>", "<pre><code>why('{}')</code></pre>",
    "<details><summary>x</summary><p>{}</p></details>", '<svg aria-label="{}"></svg>',
]  # fmt: skip


@pytest.mark.parametrize("carrier", CARRIERS)
@pytest.mark.parametrize("name", ["Harbour Street", "S003", "東京", "harbour-street", "HARBOUR  STREET"])
def test_a_name_is_found_on_every_carrier(observations, carrier, name):
    page = Bytes(f"<main>{carrier.format(name)}</main>")
    assert named([*page.lines, *page.attributes], observations)
    cleared = ["S003", "S005"]
    assert named([*page.lines, *page.attributes], observations, cleared) == []


def test_escaped_and_marked_names_are_found(observations):
    page = Bytes("<p>Caf&eacute; &amp; Co &lt;b&gt;</p><p>Kings⟨RLO⟩ Cross</p>")
    assert named(page.lines, observations) == ["Café & Co <b>", "Kings\u202e Cross"]


def test_a_cleared_name_hides_no_other_and_is_not_mistaken(observations):
    assert named(["Elm Retail Park does well"], observations, ["S000"]) == []
    assert named(["Elm does well, Elm Retail Park too"], observations, ["S000"]) == ["Elm"]
    assert named(["Elmwood, the old millrace and 12 of 20"], observations) == []
    assert named(["Shop 12 leads"], observations) == ["12"]


def test_what_must_not_be_told_is_not_told_by_the_failure_either(observations):
    (failure,) = privacy_failures("<p>Old Mill does well</p>", observations)
    assert "names a unit that is not cleared" in failure.reason
    assert "Mill" not in failure.reason


def test_the_studys_own_list_clears(observations):
    study = observations.study.model_copy(update={"names": pdlib.study.Names(may_be_named=("Old Mill",))})
    allowed = pdlib.observations.tidy.replace(observations, study=study)
    assert named(["Old Mill"], allowed) == []


def test_letters_of_a_picture_are_chance(observations):
    unit = str(observations.units.index[0])
    assert privacy_failures(f'<img alt="A drawing" src="data:image/png;base64,iVBOR/{unit}+x==">', observations) == []
    for hidden in (f"data:image/svg+xml;base64,iVBOR/{unit}+x==", f"data:image/png;base64,iV== {unit}!"):
        assert privacy_failures(f'<img alt="A drawing" src="{hidden}">', observations) != []


def test_raw_rows_are_found_and_aggregates_are_not(observations):
    row = observations.panel.iloc[40]
    cells = "".join(f"<td>{row[name]:,}</td>" for name in ("answers", "happy", "jobs"))
    shown = privacy_failures(f"<table><tr>{cells}</tr></table>", observations)
    assert ["repeats a row of the input" in failure.reason for failure in shown] == [True]
    assert f"{row['answers']:,} | " not in shown[0].reason
    totals = observations.panel.groupby("unit")[["answers", "happy", "jobs"]].sum()
    rows = "".join(f"<tr><td>{a:,}</td><td>{h:,}</td><td>{j:,}</td></tr>" for a, h, j in totals.to_numpy())
    assert privacy_failures(f"<table>{rows}</table>", observations) == []


def test_comments_appear_only_from_the_reviewed_list(observations):
    quote = "They rang my mum on day three to see if she could hear me now."
    page = f"<blockquote><p>“{quote.upper()}”</p></blockquote>"
    reason = privacy_failures(page, observations)[0].reason
    assert "not on the reviewed list" in reason
    assert quote[:10].upper() not in reason.upper()
    assert privacy_failures(page, observations, quotes=[quote]) == []


@pytest.mark.parametrize(
    ("html", "found"),
    [
        ("<p>79 % of 7 answers</p>", 1),
        ("<p>79 % of 10 answers</p>", 0),
        ("<p>1,007 answers</p>", 0),
        ('<p title="3 answers">x</p>', 1),
        ("<table><tr><th>Shop</th><th>Answers</th></tr><tr><td>x</td><td>9</td></tr></table>", 1),
        ("<table><tr><th>Shop</th><th>Answers</th></tr><tr><td>x</td><td>–</td></tr></table>", 0),
    ],
)
def test_counts_below_the_rule_are_found(observations, html, found):
    assert len(privacy_failures(html, observations)) == found


PERSONAL = {
    "an e-mail address": ["anna.berg@example.org", "mailto:x+y@mail.example.co.uk"],
    "a card number": ["4111 1111 1111 1111", "5500-0000-0000-0004", "340000000000009"],
    "a bank account": ["GB82 WEST 1234 5698 7654 32", "DE89370400440532013000", "FR1420041010050500013M02606"],
    "a telephone number": ["+44 20 7946 0958", "020 7946 0958", "(020) 7946 0958", "07700900123", "+1-202-555-0143"],
}
HARMLESS = [
    "2013-01 to 2013-12", "8,965 rows used", "GB82 WEST 1234 5698 7654 33",
    "data 208e163b65a2", "January 2025", "25 November 2026, 09:26 UTC", "0.05",
    "0.0195 and 0.00846", "4111 1111 1111 1112", "1234567890123456", "commit 974f5cc1f553",
    "93,412", "10.1198/016214504000000539", "M285.3 392.8", "between −1.1 points and +1.6 points", "0 to 10 of 520",
    "+0.0115 (0.0080 to 0.0150)", "0.0115 (0.0080 to 0.0150)", "+0.00121 0.00345 0.00789",
]  # fmt: skip


@pytest.mark.parametrize(("kind", "text"), [(kind, text) for kind, texts in PERSONAL.items() for text in texts])
def test_personal_data_are_found(kind, text):
    assert kind in [found for found, _ in personal_data([f"Ring {text} today"], FINDERS)]
    reasons = [failure.reason for failure in privacy_failures(f"<p>Ring {text}</p>", None)]
    assert any(kind in reason for reason in reasons)
    assert text not in " ".join(reasons)


@pytest.mark.parametrize("text", HARMLESS)
def test_ordinary_numbers_are_no_personal_data(text):
    assert list(personal_data([text], FINDERS)) == []
