"""Read and check: tables become one tidy set of observations, every problem reported at once."""

from pdlib.observations.tidy import Observations, read

__all__ = ["Observations", "read"]
