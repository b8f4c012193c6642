"""What customers and employees say, given the same means; personal data out first."""

from pdlib.voices.discontent import Discontent
from pdlib.voices.hearing import Voices, hear
from pdlib.voices.quotes import Quotes
from pdlib.voices.redaction import Redacted, presidio, redact

__all__ = ["Discontent", "Quotes", "Redacted", "Voices", "hear", "presidio", "redact"]
