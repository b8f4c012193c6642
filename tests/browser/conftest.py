"""A real browser, and pages to open in it; both are skipped where they cannot be had."""

import pytest

from pdlib.publish.audit.browser import missing, opened


@pytest.fixture(scope="module")
def browser():
    """Give a Chromium driven by playwright."""
    if why := missing():
        pytest.skip(why)
    with opened() as chromium:
        yield chromium
