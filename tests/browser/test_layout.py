"""Numbers of any length fit a phone, and a table's head never ends a sheet of paper alone."""

import shutil
import subprocess
from pathlib import Path

import pytest

from pdlib.show import Side, twin_card

CSS = (Path(__file__).parents[2] / "pdlib/publish/template/insight/insight.css").read_text(encoding="utf-8")


def page_of(inside):
    return f'<meta charset="utf-8"><style>{CSS}</style><main>{inside}</main>'


@pytest.mark.parametrize("values", [("79 %", "71 %"), ("−163.4", "−209.9"), ("31,270,000", "1,124,570,000,000")])
@pytest.mark.parametrize("width", [320, 375, 1280])
def test_a_twin_card_fits_whatever_its_numbers(browser, width, values):
    mine, theirs = (Side("x", "U03", value, {"Load": "1.7"}) for value in values)
    card = twin_card(mine, theirs, value_label="revenue", difference="More", does=[], ask="What?")
    page = browser.new_page(viewport={"width": width, "height": 700})
    page.set_content(page_of(card.__html__()))
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    over = "[...document.querySelectorAll('.tape td')].filter(cell => cell.scrollWidth > cell.clientWidth + 1).length"
    assert page.evaluate(over) == 0
    page.close()


def test_a_head_is_printed_on_the_sheet_of_its_first_row(browser, tmp_path):
    if shutil.which("pdftotext") is None:
        pytest.skip("no pdftotext on this machine")
    rows = "".join(f"<tr><th>ROW{number}</th><td>x</td></tr>" for number in range(3))
    table = (
        f"<table><caption>CAPTION</caption><thead><tr><th>HEAD</th><th>x</th></tr></thead><tbody>{rows}</tbody></table>"
    )
    page, made = browser.new_page(), tmp_path / "page.pdf"
    for above in range(840, 950, 10):
        page.set_content(page_of(f'<div style="height: {above}px"></div><div class="scroll">{table}</div>'))
        page.pdf(path=made, format="A4")
        text = subprocess.run(["pdftotext", made, "-"], check=True, capture_output=True, text=True).stdout
        first = text.split("\f")[0]
        assert ("ROW0" in first) == ("CAPTION" in first) == ("HEAD" in first)
    page.close()
