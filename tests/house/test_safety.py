"""No call, in the library or a notebook, that lets a store's name or a data file run as a program."""

import ast
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

RAW_DISPLAYS = {"HTML", "Javascript", "Latex", "Markdown", "SVG"}
FORBIDDEN_KEYWORDS = {"allow_pickle": True, "autoescape": False, "escape": False, "render_links": True}
FORBIDDEN_MODULES = {"cloudpickle", "dill", "marshal", "pickle", "shelve", "pandas.io.formats.style"}
FORBIDDEN_NAMES = {"Styler", "fmt_markdown", "read_pickle", "to_markdown", "to_pickle"}
STYLE_MODULES = {"matplotlib", "mpl", "plt", "show"}  # here `style` is a module and not a table's Styler


def offences(tree: ast.AST) -> Iterator[str]:
    """Name every forbidden construct in a syntax tree, with its line."""
    for node in ast.walk(tree):
        for what in (*_imports(node), *_names(node), *_calls(node)):
            yield f"line {node.lineno}: {what}"


def _imports(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names if alias.name in FORBIDDEN_MODULES)
    elif isinstance(node, ast.ImportFrom):
        sources = {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
        yield from sorted(source for source in sources & FORBIDDEN_MODULES if source)
        if node.module == "joblib":
            yield from (f"joblib.{alias.name}" for alias in node.names if alias.name in {"dump", "load"})


def _names(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Name) and node.id in FORBIDDEN_NAMES:
        yield node.id
    elif isinstance(node, ast.Attribute):
        owner = node.value.id if isinstance(node.value, ast.Name) else ""
        if node.attr in FORBIDDEN_NAMES or (node.attr == "style" and owner not in STYLE_MODULES):
            yield f".{node.attr}"
        if owner == "joblib" and node.attr in {"dump", "load"}:
            yield f"joblib.{node.attr}"


def _calls(node: ast.AST) -> Iterator[str]:
    if not isinstance(node, ast.Call):
        return
    name = getattr(node.func, "attr", getattr(node.func, "id", ""))
    values = [*node.args, *(keyword.value for keyword in node.keywords if keyword.arg in {None, "data"})]
    if name in RAW_DISPLAYS and not all(isinstance(value, ast.Constant) for value in values):
        yield f"{name}() of something that is not a plain text"
    for keyword in node.keywords:
        forbidden = FORBIDDEN_KEYWORDS.get(keyword.arg or "")
        if forbidden is not None and isinstance(keyword.value, ast.Constant) and keyword.value.value is forbidden:
            yield f"{keyword.arg}={forbidden}"


def code(path: Path) -> str:
    """Read the Python of a module or of a notebook's code cells."""
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".py":
        return text
    cells = json.loads(text)["cells"]
    return "\n".join("".join(cell["source"]) for cell in cells if cell["cell_type"] == "code")


FILES = [*sorted((ROOT / "pdlib").rglob("*.py")), *sorted((ROOT / "notebooks").glob("*.ipynb"))]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_no_unsafe_call(path: Path) -> None:
    assert list(offences(ast.parse(code(path)))) == []


@pytest.mark.parametrize(
    "unsafe",
    [
        "table.style.format('{:.1f}')",
        "spread.table.style",
        "from pandas.io.formats.style import Styler",
        "display(HTML(f'<b>{name}</b>'))",
        "HTML('<b>' + name + '</b>')",
        "IPython.display.HTML(data=page)",
        "Markdown(f'**{name}**')",
        "Markdown('**%s**' % name)",
        "table.to_html(escape=False)",
        "table.to_html(render_links=True)",
        "jinja2.Environment(autoescape=False)",
        "table.to_markdown()",
        "import pickle",
        "from pickle import loads",
        "pd.read_pickle('model.pkl')",
        "np.load(path, allow_pickle=True)",
        "joblib.load(path)",
        "from joblib import load",
    ],
)
def test_unsafe_call_is_noticed(unsafe: str) -> None:
    assert list(offences(ast.parse(unsafe)))


@pytest.mark.parametrize(
    "safe",
    [
        "HTML('<hr>')",
        "show.style.palette()",
        "with plt.style.context('default'): pass",
        "table.to_html(escape=True, render_links=False)",
        "json.loads(text)",
        "from joblib import Parallel, delayed",
        "show.html.text(name)",
    ],
)
def test_safe_call_passes(safe: str) -> None:
    assert list(offences(ast.parse(safe))) == []
