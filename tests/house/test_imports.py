"""The direction of the imports: the data flow down the listing, and nothing looks back up."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[2] / "pdlib"

FLOW = (
    "study",
    "sources",
    "observations",
    "expected",
    "deviants",
    "practices",
    "voices",
    "lenses",
    "confirmation",
    "spread",
    "insight",
)
EVERY_STEP_MAY = {"errors", "history", "show", "stats"}
ON_TOP = {"publish", "check", "cli"}

MAY_IMPORT: dict[str, set[str]] = {
    "errors": set(),
    "stats": {"errors"},
    "show": {"errors"},
    "simulate": {"errors"},
    "history": {"errors", "stats", "show"},
    **{step: EVERY_STEP_MAY | set(FLOW[:position]) for position, step in enumerate(FLOW)},
    "datasets": EVERY_STEP_MAY | {"simulate", *FLOW},
    "trust": EVERY_STEP_MAY | {"simulate", *FLOW[: FLOW.index("deviants") + 1]},
    "__init__": EVERY_STEP_MAY | {"simulate", "datasets", *FLOW},
    "publish": EVERY_STEP_MAY | {"__init__", "simulate", "datasets", *FLOW},
    "check": EVERY_STEP_MAY | {"study", "observations"},
    "cli": EVERY_STEP_MAY | {"__init__", "simulate", "datasets", "publish", "check", *FLOW},
    "__main__": {"cli"},
}


def imported(source: str, module: str) -> set[str]:
    """Name the parts of pdlib that a module imports; "__init__" stands for pdlib itself.

    The version is a plain fact that settings record, so reading it from the front of pdlib does not count.
    `module` is the dotted name of the module, ending in ".__init__" for the front of a package.
    """
    package = module.split(".")[:-1]
    targets: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            targets.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            origin = ".".join([*base, *([node.module] if node.module else [])])
            targets.update(f"{origin}.{alias.name}" if origin == "pdlib" else origin for alias in node.names)
    targets.discard("pdlib.__version__")
    return {part(target) for target in targets if target.split(".")[0] == "pdlib"}


def part(target: str) -> str:
    """Name the module or inner package directly below pdlib that a dotted target lies in."""
    below = target.split(".")[1:2]
    known = bool(below) and (below[0] in MAY_IMPORT or (PACKAGE / below[0]).with_suffix(".py").exists())
    return below[0] if known else "__init__"


def looks_back(source: str, module: str) -> set[str]:
    """Name the imports of a module that the rule forbids."""
    own = module.split(".")[1]
    return imported(source, module) - MAY_IMPORT[own] - {own}


def modules() -> dict[str, Path]:
    """List every module of the package by its dotted name."""
    return {
        ".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts): path for path in sorted(PACKAGE.rglob("*.py"))
    }


@pytest.mark.parametrize("module", modules())
def test_module_imports_only_what_comes_before_it(module: str) -> None:
    own = module.split(".")[1]
    assert own in MAY_IMPORT, f"{own} is new: give it its place in the flow of this test"
    assert not looks_back(modules()[module].read_text(encoding="utf-8"), module)


@pytest.mark.parametrize(
    ("module", "source", "forbidden"),
    [
        ("pdlib.expected", "from pdlib.deviants import find_deviants", {"deviants"}),
        ("pdlib.expected", "from .practices import compare_practices", {"practices"}),
        ("pdlib.expected", "from pdlib import spread", {"spread"}),
        ("pdlib.deviants", "import pdlib", {"__init__"}),
        ("pdlib.deviants", "def f():\n    from pdlib.publish.build import build", {"publish"}),
        ("pdlib.practices.table", "from ..confirmation import confirm", {"confirmation"}),
        ("pdlib.stats.__init__", "from pdlib.show import text", {"show"}),
        ("pdlib.show.html", "from pdlib import stats, errors", {"stats"}),
        ("pdlib.simulate.chain", "from pdlib.study import Study", {"study"}),
        ("pdlib.__init__", "from .cli import main", {"cli"}),
        ("pdlib.publish.build", "from ..cli import main", {"cli"}),
    ],
)
def test_looking_back_is_noticed(module: str, source: str, forbidden: set[str]) -> None:
    assert looks_back(source, module) == forbidden


@pytest.mark.parametrize(
    ("module", "source"),
    [
        (
            "pdlib.deviants",
            "from pdlib import expected, show, stats\nfrom .errors import PdlibError\nimport numpy",
        ),
        ("pdlib.practices.table", "from . import grades\nfrom ..deviants import Deviants"),
        ("pdlib.stats.__init__", "from .shrinkage import shrink\nfrom pdlib.errors import PdlibError"),
        ("pdlib.cli", "from pdlib.publish import build\nimport pdlib"),
        ("pdlib.expected", "def f():\n    from pdlib import __version__"),
    ],
)
def test_looking_ahead_is_allowed(module: str, source: str) -> None:
    assert not looks_back(source, module)


def test_import_stays_light() -> None:
    code = "import pdlib, sys; print(*sorted({'sklearn', 'matplotlib.pyplot'} & set(sys.modules)))"
    heavy = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not heavy.stdout.split()
