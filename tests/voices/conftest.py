"""The example chain, heard once."""

from pathlib import Path

import pytest

import pdlib


@pytest.fixture(scope="session")
def chain() -> pdlib.Voices:
    folder = Path(__file__).parents[2] / "data" / "service_chain"
    observations = pdlib.read(pdlib.load_study(folder))
    return pdlib.hear(observations, pdlib.find_deviants(pdlib.expect(observations, challenger=None)), draws=300)
