"""A document of A4 pages with a head and a foot: headings, fields, paragraphs, tables."""

from collections.abc import Sequence
from pathlib import Path
from typing import Literal, cast

from fpdf import FPDF, FontFace
from fpdf.enums import TableBordersLayout, XPos, YPos
from fpdf.fonts import TTFFont
from fpdf.util import Padding

from case_service.reports.pdf.fonts import FAMILY, STYLES, Faces, shown
from case_service.reports.tables import Column, ReportTable
from case_service.reports.words import counted

MARGIN_MM = 16.0
LABEL_MM = 58.0
INK, SOFT, FAINT, BAND = (28, 32, 38), (96, 104, 114), (208, 213, 219), (236, 239, 243)
ALERT, ACCENT = (176, 32, 36), (22, 74, 124)
Colour = tuple[int, int, int]
Style = Literal["", "B", "I"]
ROWS_SHOWN_MAX = 120
SHAPED_FROM = "\u0590"
"""Hebrew; scripts before it need no shaping, which takes most of the time a document takes."""


class Page(FPDF):
    """Pages under construction. `mark` stands in the head, `reference` in the foot."""

    def __init__(
        self, faces: Faces, unknown: frozenset[str], mark: str, reference: str, *, needs_shaping: bool
    ) -> None:
        super().__init__(format="A4")
        self._unknown = unknown
        self._mark, self._reference = mark, reference
        for style, name in STYLES.items():
            self.add_font(FAMILY, style, faces.shipped(name))
        for face in faces.extra:
            self.add_font(face.name, "", face.path, collection_font_number=face.number)
        self.set_fallback_fonts([face.name for face in faces.extra], exact_match=False)
        self.set_text_shaping(needs_shaping)
        self.set_margin(MARGIN_MM)
        self.set_top_margin(24.0)
        self.set_auto_page_break(True, margin=18.0)
        self.alias_nb_pages()
        self.write_style()
        self.add_page()

    def header(self) -> None:
        """The mark, over a line."""
        self.set_y(10.0)
        self.write_style(8.0, "B", ALERT)
        self.cell(self.epw / 2, 5.0, shown(self._mark, self._unknown))
        self.write_style(8.0, "", SOFT)
        self.cell(self.epw / 2, 5.0, "Tapewatch", align="R", new_x=XPos.LMARGIN, new_y=YPos.NEXT)
        self.set_draw_color(*FAINT)
        self.line(MARGIN_MM, 16.5, self.w - MARGIN_MM, 16.5)
        self.set_y(22.0)
        self.write_style()

    def footer(self) -> None:
        """The reference, and which page of how many."""
        self.set_y(-13.0)
        self.write_style(7.5, "", SOFT)
        self.cell(self.epw * 0.8, 5.0, shown(self._reference, self._unknown))
        self.cell(self.epw * 0.2, 5.0, f"Page {self.page_no()} of {{nb}}", align="R")

    def write_style(self, size_pt: float = 9.0, style: Style = "", colour: Colour = INK) -> None:
        """What follows is written so."""
        self.set_font(FAMILY, style, size_pt)
        self.set_text_color(*colour)

    def room_for(self, height_mm: float) -> None:
        """Begin a new page where so much does not fit on this one."""
        if self.get_y() + height_mm > self.page_break_trigger:
            self.add_page()

    def opening(self, text: str, below: str) -> None:
        """The document's title and a line below it."""
        self.write_style(17.0, "B", ACCENT)
        self.paragraph(text, 7.5)
        self.write_style(9.0, "", SOFT)
        self.paragraph(below, 4.6)
        self.ln(3.0)

    def heading(self, number: str, text: str, note: str = "") -> None:
        """A section's heading on a band; with a note below where there is one."""
        self.room_for(34.0)
        self.ln(3.0)
        self.set_fill_color(*ACCENT)
        self.write_style(10.5, "B", (255, 255, 255))
        name = f"{number}   {text}" if number else text
        self.multi_cell(
            0,
            7.0,
            shown(name, self._unknown),
            fill=True,
            align="L",
            padding=Padding(0.4, 2.5, 0.4, 2.5),
            new_x="LMARGIN",
            new_y="NEXT",
        )
        self.ln(1.2)
        if note:
            self.write_style(7.5, "I", SOFT)
            self.paragraph(note, 3.8)
            self.ln(0.8)

    def subheading(self, text: str) -> None:
        """A smaller heading."""
        self.room_for(24.0)
        self.ln(2.2)
        self.write_style(9.5, "B", ACCENT)
        self.paragraph(text, 5.0)
        self.ln(0.6)

    def paragraph(self, text: str, line_mm: float = 4.6) -> None:
        """Text over the whole width, as the style is."""
        self.multi_cell(0, line_mm, shown(text, self._unknown), align="L", new_x="LMARGIN", new_y="NEXT")

    def pair(self, label: str, value: str, note: str = "", *, is_missing: bool = False) -> None:
        """A label with its value beside it, and a note in small print."""
        text = shown(value, self._unknown)
        self.write_style(9.0, "B" if is_missing else "")
        wide = self.epw - LABEL_MM - 3.0
        lines = self.multi_cell(wide, 4.6, text, dry_run=True, output="LINES", align="L")
        self.room_for(min(4.6 * max(2, len(cast(list[str], lines))) + (4.0 if note else 0.0), 60.0))
        top, page = self.get_y(), self.page_no()
        self.write_style(8.5, "", SOFT)
        self.multi_cell(LABEL_MM, 4.6, shown(label, self._unknown), align="L", new_x="LMARGIN", new_y="NEXT")
        under_label = self.get_y()
        self.set_xy(MARGIN_MM + LABEL_MM + 3.0, top)
        self.write_style(9.0, "B" if is_missing else "", ALERT if is_missing else INK)
        self.multi_cell(wide, 4.6, text or "\u2013", align="L", new_x=XPos.LEFT, new_y=YPos.NEXT)
        if note:
            self.set_x(MARGIN_MM + LABEL_MM + 3.0)
            self.write_style(7.5, "I", SOFT)
            self.multi_cell(wide, 3.7, shown(note, self._unknown), align="L", new_x="LMARGIN", new_y="NEXT")
        self.set_x(MARGIN_MM)
        if self.page_no() == page:
            self.set_y(max(self.get_y(), under_label))
        self.set_draw_color(*FAINT)
        self.line(MARGIN_MM, self.get_y() + 0.7, self.w - MARGIN_MM, self.get_y() + 0.7)
        self.ln(1.6)

    def table_of(self, table: ReportTable, rows_max: int = ROWS_SHOWN_MAX) -> None:
        """A table that repeats its head on each page, and says what is left out."""
        self.subheading(table.title)
        if not table.rows:
            self.write_style(8.5, "I", SOFT)
            self.paragraph("None.")
            return
        self._rows(table.columns, table.rows[:rows_max])
        left_out = table.left_out + max(0, len(table.rows) - rows_max)
        if left_out:
            self.write_style(7.5, "I", SOFT)
            self.paragraph(f"{counted(left_out, 'more row')} in the case file.", 4.2)

    def _rows(self, columns: Sequence[Column], rows: Sequence[Sequence[str]]) -> None:
        self.write_style(7.3)
        self.set_draw_color(*FAINT)
        self.set_fill_color(255, 255, 255)
        aligned = tuple("RIGHT" if column.is_number else "LEFT" for column in columns)
        head = FontFace(emphasis="BOLD", color=INK, fill_color=BAND)
        with self.table(
            width=self.epw,
            col_widths=tuple(column.width for column in columns),
            text_align=aligned,
            headings_style=head,
            borders_layout=TableBordersLayout.HORIZONTAL_LINES,
            line_height=3.7,
            padding=(0.7, 1.4),
        ) as made:
            made.row([column.heading for column in columns])
            for row in rows:
                made.row([shown(cell, self._unknown) or "\u2013" for cell in row])
        self.ln(1.0)


def document(text: str, folder: Path, fonts: Sequence[Path], mark: str, reference: str) -> Page:
    """An empty document that can set every character of a text: all that will be written in it, in any order.

    `folder` takes the files of the shipped fonts; it must be there until the document is written.
    """
    faces = Faces(folder, fonts)
    unknown = faces.need(set(text + mark + reference))
    return Page(faces, unknown, mark, reference, needs_shaping=any(each >= SHAPED_FROM for each in text))


def written(page: Page) -> bytes:
    """The document's bytes."""
    try:
        return bytes(page.output())
    finally:
        for font in page.fonts.values():
            if isinstance(font, TTFFont):
                font.close()
