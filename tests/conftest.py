"""What every test relies on: a machine-independent, quiet surrounding."""

import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import mkdtemp

import pytest
from hypothesis import settings

# Set before NumPy or Jupyter load; kernels and other child processes inherit them.
os.environ["MPLBACKEND"] = "agg"
os.environ.setdefault("OMP_NUM_THREADS", "1")  # test workers already share the cores
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

settings.register_profile("pdlib", deadline=None, derandomize=True, print_blob=True)
settings.load_profile("pdlib")


def pytest_configure(config: pytest.Config) -> None:
    """Keep the developer's own Jupyter and matplotlib settings out of the tests."""
    own = Path(mkdtemp(prefix="pdlib-tests-"))
    config.add_cleanup(lambda: shutil.rmtree(own, ignore_errors=True))
    for name in ("IPYTHONDIR", "JUPYTER_CONFIG_DIR", "JUPYTER_RUNTIME_DIR"):
        os.environ[name] = str(own / name.lower())


@pytest.fixture(autouse=True)
def _close_figures() -> Iterator[None]:
    """Close what a test drew, so that matplotlib never warns about too many open figures."""
    yield
    if "matplotlib.pyplot" in sys.modules:
        sys.modules["matplotlib.pyplot"].close("all")


@pytest.fixture(scope="session")
def root() -> Path:
    """Give the top folder of the project."""
    return Path(__file__).parents[1]


@pytest.fixture(scope="session")
def chromium() -> str:
    """Give a Chromium to open pages with; a test that asks for it is skipped where there is none."""
    for name in ("chromium", "chromium-browser", "google-chrome"):
        if found := shutil.which(name):
            return found
    pytest.skip("no Chromium on this machine")
