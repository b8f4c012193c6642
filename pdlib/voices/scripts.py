"""Letters of all scripts: how names are compared, and which scripts set no space between words."""

from __future__ import annotations

import re
import unicodedata

# Accents, vowel signs and other marks, of all scripts that people write comments in.
MARKS = "".join(
    chr(code) for code in (*range(0x300, 0x3100), *range(0xA66F, 0xABEE)) if unicodedata.category(chr(code))[0] == "M"
)
# Chinese, Japanese, Korean (which adds endings to names), Thai, Lao, Burmese, Khmer.
_UNSPACED = r"\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3005\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7a3"
UNSPACED = re.compile(f"[{_UNSPACED}]+")
# One character of a script that sets no space between words, for RE2.
NO_SPACES = r"[\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}]"
# Letters that Unicode does not take apart.
_PLAIN = str.maketrans(
    {"ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "æ": "ae", "œ": "oe", "ı": "i", "ħ": "h", "ŧ": "t", "ŋ": "n",
     "ə": "e", "ĸ": "k", "ƒ": "f", "ɓ": "b", "ɗ": "d", "ƙ": "k"}
)  # fmt: skip
_SPELLED = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ø": "oe", "å": "aa"})
# Marks that one may leave out: accents, and the points of Hebrew and Arabic. Vowel signs of Indian scripts are letters.
_OPTIONAL = re.compile(r"[\u0300-\u036f\u0483-\u0487\u0591-\u05c7\u0610-\u061a\u064b-\u065f\u0670\u06d6-\u06ed]")


def folded(word: str) -> str:
    """A word without case, accents and apostrophes, as names are compared."""
    low = word.casefold()
    if low.isascii():
        return low if low.isalpha() else "".join(filter(str.isalpha, low))
    plain = _OPTIONAL.sub("", unicodedata.normalize("NFKD", low)).translate(_PLAIN)
    return "".join(letter for letter in plain if letter.isalpha() or unicodedata.category(letter)[0] == "M")


def spelled_out(word: str) -> str:
    """The same where no key has the letter: Müller as mueller, Søren as soeren."""
    return folded(word if word.isascii() else unicodedata.normalize("NFC", word.casefold()).translate(_SPELLED))
