"""Where the tests of a build take place."""

import pytest

from pdlib.publish import pages
from tests.publish import places


@pytest.fixture
def place(tmp_path, monkeypatch):
    """A project with one study, whose data pass; the working directory is the project."""
    places.make_study(tmp_path / "study")
    (tmp_path / "pyproject.toml").touch()
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def quick(monkeypatch):
    """No kernel: pages are made of what their notebook says."""
    monkeypatch.setattr(pages._Maker, "_execute", places.execute)
