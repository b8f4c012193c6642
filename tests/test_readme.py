"""The README's lines on a reader's own table run as they stand."""

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

README = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")


def test_ten_lines_on_your_own_table(tmp_path: Path) -> None:
    (code,) = re.findall(r"```python\n(.*?)```", README, flags=re.DOTALL)
    assert len([line for line in code.splitlines() if line.strip()]) <= 10
    rng = np.random.default_rng(1)
    stores, months = np.arange(60), pd.period_range("2025-01", periods=8, freq="M").astype(str)
    frame = pd.MultiIndex.from_product([stores, months], names=["store", "month"]).to_frame(index=False)
    footfall, staff = rng.lognormal(5, 0.5, 60), rng.integers(3, 12, 60)
    level = 7 + 0.4 * np.log(footfall) + 0.5 * rng.standard_normal(60)
    frame["csat"] = level[frame["store"]] + 0.1 * rng.standard_normal(len(frame))
    frame["answers"] = rng.integers(20, 80, len(frame))
    frame["footfall"], frame["staff"] = footfall[frame["store"]], staff[frame["store"]]
    frame.to_csv(tmp_path / "mine.csv", index=False)
    environment = {**os.environ, "PYTHONWARNINGS": "error"}
    run = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stderr
    assert run.stderr == ""
    assert "go" in run.stdout.split("\n")[0]


def test_every_file_that_the_readme_links_to_is_there() -> None:
    links = re.findall(r"\]\(((?!http)[^)#]+)\)", README)
    assert len(links) >= 5
    missing = [link for link in links if not (Path(__file__).parents[1] / link).exists()]
    assert missing == []


def test_the_study_in_the_readme_is_a_study() -> None:
    import tomllib

    from pdlib import Study

    whole: dict[str, Any] = {}
    for block in re.findall(r"```toml\n(.*?)```", README, flags=re.DOTALL):
        for key, value in tomllib.loads(block).items():
            given = whole.get(key)
            whole[key] = (
                given + value if isinstance(given, list) else given | value if isinstance(given, dict) else value
            )
    study = Study(**whole)
    assert study.primary.name == "very_satisfied"
    assert study.find_outcome("complaints").suppressed == {"<5": (1, 4), "1-4": (1, 4)}
