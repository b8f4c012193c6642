"""The ``insight`` exporter of nbconvert: a notebook as a page that opens anywhere, offline, without scripts."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from base64 import b64encode
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from markupsafe import Markup, escape
from nbconvert.exporters.html import HTMLExporter
from nbconvert.filters import strip_ansi
from nbconvert.filters.markdown_mistune import InvalidNotebook, IPythonRenderer, MarkdownWithMath
from nbformat import NotebookNode
from traitlets import Bool, Unicode, default
from traitlets.config import Config

from pdlib.publish.checks import (
    Failure,
    Outline,
    PageError,
    best_type,
    cell_name,
    cell_tags,
    described,
    notebook_failures,
)
from pdlib.publish.formula import FormulaError, formula, is_formula
from pdlib.publish.sanitise import clean
from pdlib.publish.terms import link_terms

TEMPLATES = Path(__file__).parent / "template"
_HIDDEN_INPUT = {"remove-input", "hide-input", "parameters", "injected-parameters"}
_FEWEST_SECTIONS = 3
MOST_CELLS, MOST_CHARACTERS = 2_000, 20_000_000


@dataclass(frozen=True)
class Page:
    """Parts of a page, cleaned, as the template puts them together.

    Attributes
    ----------
    title : str
        Text of the first first-level heading.
    header, body, appendix, footer : str
        HTML of the cells tagged ``kicker``, of those without a tag, and of those tagged ``appendix`` and ``footer``.
    contents : list of (str, str)
        Anchor and text of the body's sections, if there are enough of them to need a list.
    appendix_summary : str
    code : str
        Code of the notebook, for the end of the appendix; empty if it has none or is not to be shown.
    """

    title: str
    header: str
    body: str
    appendix: str
    footer: str
    contents: list[tuple[str, str]]
    appendix_summary: str
    code: str


def sha256(text: str) -> str:
    """The hash by which a page's policy knows its own stylesheet, and no other."""
    return b64encode(hashlib.sha256(text.encode()).digest()).decode()


class InsightExporter(HTMLExporter):
    """Exports a notebook as an insight report: no code, no script, nothing loaded from elsewhere."""

    export_from_notebook = "Insight report"

    strict = Bool(
        True,
        help="Refuse notebooks with errors, warnings, undescribed pictures or outputs that need scripts, "
        "instead of leaving those out.",
    ).tag(config=True)
    appendix_summary = Unicode(
        "How this was worked out, and all the numbers", help="The line that unfolds the cells tagged 'appendix'."
    ).tag(config=True)
    contents = Bool(True, help="List the page's sections beside it.").tag(config=True)
    code = Bool(True, help="Put the notebook's code, folded, at the end of an appendix; parameters stay out.").tag(
        config=True
    )

    # A page that fetches a formula renderer tells its host who reads it, and breaks offline.
    require_js_url = Unicode("", help="Not used: pages carry no scripts.").tag(config=True)
    mathjax_url = Unicode("", help="Not used: pages carry no scripts.").tag(config=True)
    mermaid_js_url = Unicode("", help="Not used: pages carry no scripts.").tag(config=True)
    mermaid_layout_elk_js_url = Unicode("", help="Not used: pages carry no scripts.").tag(config=True)
    jquery_url = Unicode("", help="Not used: pages carry no scripts.").tag(config=True)
    jupyter_widgets_base_url = Unicode("", help="Not used: pages carry no scripts.").tag(config=True)

    @default("template_name")
    def _template_name_default(self) -> str:
        return "insight"

    @default("extra_template_basedirs")
    def _template_folders_default(self) -> list[str]:
        return [str(TEMPLATES)]

    @default("exclude_input")
    def _exclude_input_default(self) -> bool:
        return True

    @default("exclude_anchor_links")
    def _exclude_anchor_links_default(self) -> bool:
        return True

    @default("embed_images")
    def _embed_images_default(self) -> bool:
        return True

    @property
    def default_config(self) -> Config:
        """Tags that hide cells, inputs and outputs, unless the user's configuration says otherwise."""
        settings = Config(
            {
                "TagRemovePreprocessor": {
                    "enabled": True,
                    "remove_cell_tags": {"remove-cell"},
                    "remove_all_outputs_tags": {"remove-output"},
                    "remove_input_tags": _HIDDEN_INPUT,
                },
                "HighlightMagicsPreprocessor": {"enabled": False},
            }
        )
        inherited = super().default_config.copy()
        inherited.merge(settings)
        return inherited

    def default_filters(self) -> Iterable[tuple[str, Callable[..., Any]]]:
        """Filters of the template: nbconvert's, ``sha256`` and ``as_page``."""
        yield from super().default_filters()
        yield "sha256", sha256
        yield "as_page", self.page

    def from_notebook_node(  # type: ignore[override]
        self, nb: NotebookNode, resources: dict[str, Any] | None = None, **kw: Any
    ) -> tuple[str, dict[str, Any]]:
        """Convert a notebook.

        Raises
        ------
        PageError
            If ``strict`` and the notebook holds an error, a warning, or an output a report cannot show.
        """
        # Preprocessors may run the notebook and remove cells: its names are taken before, its outputs judged after.
        check_size(nb)
        names = {cell.get("id"): cell_name(nb, index) for index, cell in enumerate(nb.cells)}
        resources = {**(resources or {}), "cell_names": names}
        # HTMLExporter would read the page with a parser that lower-cases SVG, and give pictures placeholder texts.
        return super(HTMLExporter, self).from_notebook_node(nb, resources, **kw)

    def page(self, nb: NotebookNode, resources: dict[str, Any]) -> Page:
        """Render and clean every cell, and sort them into the parts of a page by their tags.

        Raises
        ------
        PageError
            If ``strict`` and the notebook is not clean.
        """
        if self.strict and (failures := notebook_failures(nb, resources.get("cell_names"))):
            raise PageError(failures)
        from pdlib.insight.names import CLEARED

        outputs = [output for cell in nb.cells for output in cell.get("outputs", [])]
        resources["cleared"] = [unit for output in outputs for unit in output.get("data", {}).get(CLEARED, ())]
        parts: dict[str, list[str]] = {"kicker": [], "body": [], "appendix": [], "footer": []}
        for index, cell in enumerate(nb.cells):
            fragment = clean(self._checked_fragment(nb, index, resources)).strip()
            part = next((name for name in ("kicker", "appendix", "footer") if name in cell_tags(cell)), "body")
            if fragment:
                parts[part].append(fragment)
        joined = {name: "\n".join(fragments) for name, fragments in parts.items()}
        body, contents, title = anchored(joined["body"])
        body = link_terms(body, body + joined["appendix"])
        return Page(
            title=title or str(nb.metadata.get("title", "")) or "Insight report",
            header=joined["kicker"],
            body=body,
            appendix=joined["appendix"],
            footer=joined["footer"],
            contents=contents if self.contents and len(contents) >= _FEWEST_SECTIONS else [],
            appendix_summary=self.appendix_summary,
            code=_code(nb) if self.code and joined["appendix"] else "",
        )

    def _checked_fragment(self, nb: NotebookNode, index: int, resources: dict[str, Any]) -> str:
        cell = nb.cells[index]
        try:
            return self.fragment(cell, resources)
        except (FormulaError, InvalidNotebook) as error:
            if not self.strict:
                return ""
            where = resources.get("cell_names", {}).get(cell.get("id")) or cell_name(nb, index)
            raise PageError([Failure(where, str(error), cell.source)]) from error

    def fragment(self, cell: NotebookNode, resources: dict[str, Any]) -> str:
        """HTML of one cell, before cleaning."""
        removed = cell.metadata.get("transient", {}).get("remove_source", False)
        if cell.cell_type == "markdown":
            hidden = self.exclude_markdown or removed
            return "" if hidden else self._markdown(cell.source, resources, cell.get("attachments", {}))
        if cell.cell_type == "raw":
            wanted = cell.metadata.get("raw_mimetype", cell.metadata.get("format", "")) == self.output_mimetype
            return cell.source if wanted and not self.exclude_raw and not removed else ""
        if cell.cell_type != "code" or self.exclude_code_cell:
            return ""
        jupyter = cell.metadata.get("jupyter", {})
        parts: list[str] = []
        if not (self.exclude_input or removed or jupyter.get("source_hidden")) and cell.source.strip():
            parts.append(Markup("<pre><code>{}</code></pre>").format(cell.source))
        if not (self.exclude_output or jupyter.get("outputs_hidden")):
            parts += [self._output(cell, output, resources) for output in cell.outputs]
        return "\n".join(parts)

    def _output(self, cell: NotebookNode, output: NotebookNode, resources: dict[str, Any]) -> str:
        if output.output_type == "stream":
            return _preformatted(output.text) if output.name == "stdout" else ""
        if output.output_type == "error":
            return ""
        kind = best_type(output)
        if kind == "text/html":
            return output.data[kind]
        if kind == "text/markdown":
            return self._markdown(output.data[kind], resources, {})
        if kind == "image/png":
            return _picture(output.data[kind], described(cell, output))
        return _preformatted(output.data[kind]) if kind else ""

    def _markdown(self, source: str, resources: dict[str, Any], attachments: dict[str, Any]) -> str:
        renderer = _Renderer(
            attachments=attachments,
            embed_images=self.embed_images,
            path=resources.get("metadata", {}).get("path", ""),
            anchor_link_text=self.anchor_link_text,
            exclude_anchor_links=self.exclude_anchor_links,
            **self.lexer_options,
        )
        return MarkdownWithMath(renderer=renderer).render(source)


class _Renderer(IPythonRenderer):
    """Markdown whose raw HTML is shown as the text it is, comments left out: structure comes from outputs."""

    def block_html(self, html: str) -> str:
        return "" if html.lstrip().startswith("<!--") else f"<p>{escape(html.strip())}</p>\n"

    def inline_html(self, html: str) -> str:
        return "" if html.startswith("<!--") else str(escape(html))

    def inline_math(self, body: str) -> str:
        return formula(body) if is_formula(body) else f"${escape(body)}$"

    def block_math(self, body: str) -> str:
        return f'<span class="formula">{formula(body)}</span>'

    def latex_environment(self, name: str, body: str) -> str:
        return formula(f"\\begin{{{name}}}{body}")


def check_size(nb: NotebookNode) -> None:
    """Refuse a notebook that would make a page no phone can open, before any of it is rendered.

    Raises
    ------
    PageError
        Naming the cell that is too large, or how many cells there are.
    """
    if len(nb.cells) > MOST_CELLS:
        raise PageError(
            [Failure("the notebook", f"has {len(nb.cells):,} cells; at most {MOST_CELLS:,} become a page.")]
        )
    total = 0
    for index, cell in enumerate(nb.cells):
        size = len(cell.source) + sum(
            len(str(value)) for output in cell.get("outputs", []) for value in output.values()
        )
        total += size
        if total > MOST_CHARACTERS:
            reason = f"brings the notebook to {total:,} characters; at most {MOST_CHARACTERS:,} become a page."
            raise PageError([Failure(cell_name(nb, index), f"{reason} Show fewer rows, or fewer dots.")])


def _code(nb: NotebookNode) -> str:
    """The code of a notebook's shown cells, without its parameters: those may name places on one machine."""
    cells = [cell for cell in nb.cells if cell.cell_type == "code" and not cell_tags(cell) & _HIDDEN_INPUT]
    return "\n\n".join(cell.source.strip() for cell in cells if cell.source.strip())


def _preformatted(text: str) -> str:
    stripped = strip_ansi(text).strip("\n")
    return str(Markup("<pre>{}</pre>").format(stripped)) if stripped.strip() else ""


def _picture(png: str, description: str) -> str:
    if not description:
        return ""
    data = re.sub(r"\s", "", png)
    return f'<p><img src="data:image/png;base64,{escape(data)}" alt="{escape(description)}"></p>'


def anchored(body: str) -> tuple[str, list[tuple[str, str]], str]:
    """Give every second-level heading an id, and list them.

    Parameters
    ----------
    body : str
        Cleaned HTML.

    Returns
    -------
    body : str
        The same with ids.
    contents : list of (str, str)
        Anchor and text of each second-level heading outside cards, figures and folds.
    title : str
        Text of the first first-level heading, empty if there is none.

    Examples
    --------
    >>> body, contents, title = anchored("<h1>Nine shops</h1><h2>Who stands out</h2>")
    >>> body
    '<h1>Nine shops</h1><h2 id="who-stands-out">Who stands out</h2>'
    >>> contents, title
    ([('who-stands-out', 'Who stands out')], 'Nine shops')
    """
    outline = Outline(body)
    taken = {*outline.ids, "report"}
    contents, inserts = [], []
    for heading in outline.headings:
        if heading.level != 2 or heading.inside:
            continue
        anchor = heading.anchor or _free_anchor(heading.text, taken)
        taken.add(anchor)
        if not heading.anchor:
            inserts.append((heading.position, f' id="{anchor}"'))
        contents.append((anchor, heading.text))
    for position, text in reversed(inserts):
        body = body[:position] + text + body[position:]
    title = next((heading.text for heading in outline.headings if heading.level == 1), "")
    return body, contents, title


def _free_anchor(text: str, taken: set[str]) -> str:
    folded = unicodedata.normalize("NFKD", text).lower()
    stem = re.sub(r"[^a-z0-9]+", "-", "".join(c for c in folded if not unicodedata.combining(c))).strip("-")
    stem = stem[:60].rstrip("-") or "section"
    number = 1
    anchor = stem
    while anchor in taken:
        number += 1
        anchor = f"{stem}-{number}"
    return anchor
