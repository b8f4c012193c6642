"""No file says on which machine it was written, or where that machine fetches its packages."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

NOT_OURS = {".git", ".hypothesis", ".ipynb_checkpoints", ".venv", "__pycache__", "build", "dist", "reports"}
# Joined here so that this file does not hold what it forbids.
REGISTRIES = [
    ".".join(parts) for parts in (("pypi", "org"), ("pythonhosted", "org"), ("anaconda", "org"), ("npmjs", "org"))
]
FOLDERS = [f"/{name}/" for name in ("home", "root", "Users", "work", "private")]
WRITERS_MACHINE = (
    *(re.escape(host) for host in REGISTRIES),
    *(rf"(?<![\w.~*]){folder}\w" for folder in FOLDERS),
    r"(?<![\w.])/tmp/\w+/",
    r"\b[A-Z]:\\Users\\",
)
LEAK = re.compile("|".join(WRITERS_MACHINE))


def ours() -> list[Path]:
    """List the files of the project, leaving out what tools and builds make."""
    return [
        path
        for path in sorted(ROOT.rglob("*"))
        if path.is_file()
        and not any(part in NOT_OURS or part.endswith("_cache") for part in path.relative_to(ROOT).parts)
    ]


def leaks(text: str) -> list[str]:
    """Find the paths and hosts in a text that only its writer's machine knows."""
    return [found.group() for found in LEAK.finditer(text)] + [str(ROOT)] * (str(ROOT) in text)


def test_no_file_knows_its_writers_machine() -> None:
    found = {path.relative_to(ROOT).as_posix(): leaks(path.read_text("utf-8", errors="ignore")) for path in ours()}
    assert {name: where for name, where in found.items() if where} == {}


@pytest.mark.parametrize(
    "text",
    [
        f"index = {REGISTRIES[0]}",
        f'"{FOLDERS[0]}ann/study.toml"',
        f"file://{FOLDERS[2]}ann",
        "/tmp" + "/x1/y",
        str(ROOT / "data"),
    ],
)
def test_a_leak_is_noticed(text: str) -> None:
    assert leaks(text)


@pytest.mark.parametrize("text", ["data/service_chain/study.toml", "../home/index.html", "https://example.org/work/1"])
def test_ordinary_paths_pass(text: str) -> None:
    assert leaks(text) == []
