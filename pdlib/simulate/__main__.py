"""Write the simulated service chain: ``python -m pdlib.simulate FOLDER``."""

from __future__ import annotations

import argparse
from pathlib import Path

from pdlib.simulate.chain import SEED, simulate_chain


def main() -> None:
    """Simulate the chain and write its tables into a folder."""
    parser = argparse.ArgumentParser(prog="python -m pdlib.simulate", description=__doc__)
    parser.add_argument("folder", type=Path, help="where the tables go, e.g. data/service_chain")
    parser.add_argument("--units", type=int, default=520, help="shops (default 520)")
    parser.add_argument("--periods", type=int, default=18, help="months (default 18)")
    parser.add_argument("--comments", type=int, default=20_000, help="comments (default 20000)")
    parser.add_argument("--seed", type=int, default=SEED, help=f"same seed, same bytes (default {SEED})")
    parser.add_argument("--null", action="store_true", help="plant nothing: no shop deviates, no practice matters")
    given = parser.parse_args()
    chain = simulate_chain(given.units, given.periods, n_comments=given.comments, null=given.null, seed=given.seed)
    chain.write(given.folder)
    sizes = f"{len(chain.shops)} shops, {len(chain.shop_months)} shop-months, {len(chain.comments)} comments"
    print(f"{given.folder}: {sizes}")


if __name__ == "__main__":
    main()
