"""Chains with planted deviants and planted practices: what the methods are measured on.

Nothing here imports the rest of pdlib, so the truth cannot leak into an analysis by way of shared code.
"""

from pdlib.simulate.adoptions import simulate_adoptions
from pdlib.simulate.chain import SimulatedChain, simulate_chain
from pdlib.simulate.panel import SimulatedPanel, simulate_panel
from pdlib.simulate.practices import SimulatedPractices, simulate_practices
from pdlib.simulate.teams import simulate_teams
from pdlib.simulate.voices import SimulatedVoices, simulate_voices
from pdlib.simulate.wards import simulate_wards

__all__ = [
    "SimulatedChain",
    "SimulatedPanel",
    "SimulatedPractices",
    "SimulatedVoices",
    "simulate_adoptions",
    "simulate_chain",
    "simulate_panel",
    "simulate_practices",
    "simulate_teams",
    "simulate_voices",
    "simulate_wards",
]
