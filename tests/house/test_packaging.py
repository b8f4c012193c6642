"""The files a newcomer's first command rests on say the same thing."""

import os
import re
import shutil
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

ROOT = Path(__file__).parents[2]

CONDA_NAMES = {"jupyter-server": "jupyter_server", "matplotlib": "matplotlib-base"}


@pytest.fixture(scope="module")
def pyproject() -> dict[str, Any]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def environment() -> dict[str, Any]:
    return yaml.safe_load((ROOT / "environment.yml").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def lock() -> str:
    return (ROOT / "requirements.lock").read_text(encoding="utf-8")


def test_environment_has_the_packages_of_pyproject(pyproject: dict, environment: dict) -> None:
    project = pyproject["project"]
    requirements = [Requirement(text) for text in project["dependencies"]]
    wanted = {CONDA_NAMES.get(each.name, each.name) + str(each.specifier) for each in requirements}
    given = [each for each in environment["dependencies"] if isinstance(each, str)]
    assert len(given) == len(set(given))
    assert set(given) == wanted | {"python" + project["requires-python"], "pip"}


def test_environment_installs_pdlib_and_nothing_else_with_pip(environment: dict) -> None:
    (pip,) = (each for each in environment["dependencies"] if isinstance(each, dict))
    assert pip == {"pip": ["-e ."]}


def test_conda_names_are_all_needed(pyproject: dict) -> None:
    names = {Requirement(text).name for text in pyproject["project"]["dependencies"]}
    assert set(CONDA_NAMES) <= names


def locked_versions(lock: str) -> dict[str, Version]:
    pins = re.findall(r"^([a-z0-9._-]+)==([^\s;\\]+)", lock, flags=re.MULTILINE)
    return {canonicalize_name(name): Version(version) for name, version in pins}


def test_lock_satisfies_pyproject(pyproject: dict, lock: str) -> None:
    project, locked = pyproject["project"], locked_versions(lock)
    texts = [
        *project["dependencies"],
        *(text for extra in ("test", "dev") for text in project["optional-dependencies"][extra]),
    ]
    for requirement in map(Requirement, texts):
        assert locked[canonicalize_name(requirement.name)] in requirement.specifier, "run make lock"


def test_lock_is_hashed_throughout_and_names_no_index(lock: str) -> None:
    blocks = re.split(r"^(?=[a-z0-9])", lock, flags=re.MULTILINE)[1:]
    assert len(blocks) >= len(locked_versions(lock)) > 0
    assert all("--hash=sha256:" in block for block in blocks)
    assert not re.search(r"://|--index|--find-links|--extra-index", lock)


def test_lock_serves_every_platform_and_python(lock: str) -> None:
    assert "sys_platform == 'win32'" in lock
    assert "python_full_version < '3.12'" in lock


def test_wheel_carries_files_that_exist(pyproject: dict) -> None:
    included = pyproject["tool"]["hatch"]["build"]["targets"]["wheel"]["force-include"]
    assert [source for source in included if not (ROOT / source).is_file()] == []


def test_ci_and_readme_give_the_same_commands() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    ci = (ROOT / ".ci/run").read_text(encoding="utf-8")
    assert ci.rstrip().splitlines()[-1] == "make test"
    assert "make test" in readme
    assert "make report" in readme
    assert os.access(ROOT / ".ci/run", os.X_OK)


@pytest.fixture
def make(tmp_path: Path) -> Any:
    """Run a target of a copy of the Makefile where the only programs are those a test puts there."""
    program = shutil.which("make")
    if program is None:
        pytest.skip("no make on this machine")
    shutil.copy(ROOT / "Makefile", tmp_path)
    (tmp_path / "requirements.lock").touch()
    (tmp_path / "pyproject.toml").touch()
    (tmp_path / "bin").mkdir()

    def run(target: str, **programs: str) -> subprocess.CompletedProcess[str]:
        for name, body in programs.items():
            path = tmp_path / "bin" / name.replace("_", ".")
            path.write_text(f"#!/bin/sh\n{body}\n", encoding="utf-8")
            path.chmod(0o755)
        surroundings = {"PATH": str(tmp_path / "bin")}
        return subprocess.run(
            [program, target], cwd=tmp_path, env=surroundings, capture_output=True, text=True, check=False
        )

    return run


def test_make_says_what_is_missing_where_python_is_too_old(make: Any) -> None:
    done = make("setup", python3="exit 1")
    assert done.returncode != 0
    assert "Python 3.11 or later with its venv module is needed" in done.stderr
    assert not done.stdout


def test_make_passes_over_a_python_that_cannot_make_environments(make: Any) -> None:
    works = 'case "$1" in -c) exit 0;; --version) echo Python 3.12.9;; -m) echo "made: $*"; exit 3;; esac'
    done = make("setup", python3_13="exit 1", python3_12=works)
    assert done.stdout.splitlines() == ["Making .venv with Python 3.12.9", "made: -m venv --clear .venv"]


def test_make_alone_lists_every_target() -> None:
    if shutil.which("make") is None:
        pytest.skip("no make on this machine")
    done = subprocess.run(
        ["make"], cwd=ROOT, env={"PATH": os.environ["PATH"]}, capture_output=True, text=True, check=True
    )
    phony = re.search(r"^\.PHONY: (.*)$", (ROOT / "Makefile").read_text(encoding="utf-8"), flags=re.MULTILINE)
    assert phony is not None
    assert [line.split()[1] for line in done.stdout.splitlines()] == phony.group(1).split()
