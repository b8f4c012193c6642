"""What customers and employees say, given the same means; personal data out first."""

from pdlib.voices.redaction import Redacted, presidio, redact

__all__ = ["Redacted", "presidio", "redact"]
