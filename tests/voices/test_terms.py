"""Terms are counted by comment; what was taken out is no word; any script passes."""

import numpy as np
import pandas as pd

from pdlib.voices.terms import alike, count_terms, without_spaces

OTHERS = [f"word{chr(97 + k % 26)}{chr(97 + k // 26)}" for k in range(60)]
TEXTS = pd.Series(
    ["They rang before the extra"] * 12 + ["[name] was kind, kind, kind. [phone]"] * 11 + ["rang twice"] * 10
    + ["修理很快"] * 10 + ["Zoë's café"] * 10 + ["only nine"] * 9 + ["ok", *OTHERS]
)  # fmt: skip


def test_terms_of_enough_comments() -> None:
    counted = count_terms(TEXTS)
    terms = set(counted.terms)
    assert {"rang", "rang twice", "修理很快", "zoë's café"} <= terms
    assert "name" not in terms and "phone" not in terms
    assert "only nine" not in terms
    assert "they rang before the extra" in terms  # one run, for its parts stand in the same comments


def test_a_term_counts_once_a_comment() -> None:
    counted = count_terms(TEXTS)
    times = dict(zip(counted.terms, counted.by(np.zeros(len(TEXTS), dtype=int), 1).toarray()[0], strict=True))
    assert times["rang"] == 22
    assert max(times.values()) <= len(TEXTS)


def test_groups_are_kept_apart_and_may_be_left_out() -> None:
    groups = np.where(TEXTS.str.contains("twice"), 1, 0)
    groups[TEXTS.str.contains("kind")] = -1
    counted = count_terms(TEXTS)
    table = pd.DataFrame(counted.by(groups, 2).toarray(), columns=counted.terms)
    assert table["rang"].tolist() == [12, 10]
    assert not any("kind" in term and table[term].sum() for term in counted.terms)


def test_texts_without_spaces_between_words_are_noticed() -> None:
    joined = ["修理速度很快，服务很好", "とても親切な人でした", "พนักงานบริการดีมาก", "very" * 12]
    apart = [
        "修理 很 快",
        "快",
        "친절한 서비스였습니다",
        "Donaudampfschifffahrtsgesellschaft",
        "प्रिया ने बहुत मदद की",
        "all was well",
    ]
    assert without_spaces(pd.Series(joined + apart + joined)).tolist() == [True] * 4 + [False] * 6 + [True] * 4


def test_nothing_to_count() -> None:
    for texts in (pd.Series(["1 2 3", "!!"]), pd.Series(["a"] * 50), pd.Series(["only once"])):
        counted = count_terms(texts)
        assert len(counted.terms) == 0
        assert counted.by(np.zeros(len(texts), dtype=int), 1).shape == (1, 0)


def test_terms_of_the_same_comments_go_together() -> None:
    texts = pd.Series(["day three call"] * 20 + ["day three chat"] * 4 + ["by name"] * 20 + ["other things said"] * 60)
    counted = count_terms(texts).only(np.isin(count_terms(texts).terms, ["day three", "call", "three call", "by name"]))
    phrase = dict(zip(counted.terms, alike(counted, np.arange(len(counted.terms), dtype=float)), strict=True))
    assert phrase["by name"] == "by name"
    assert len({phrase[term] for term in counted.terms if term != "by name"}) == 1
