"""CSV tables that are safe to open in a spreadsheet: no cell is taken for a formula."""

import csv
import io
import re
from collections.abc import Iterable, Sequence
from pathlib import Path

from deblur_lightning.files.writing import write_atomically

_FIGURE = r"[+-]?[\d.,]+(e[+-]?\d+)?( (dB|%|points))?"
_HARMLESS = re.compile(rf"{_FIGURE}( to {_FIGURE})?")
_FORMULA = re.compile(r"'*[=+\-@\t\r\n]")
"""What spreadsheets take for the start of a formula, or would after what ``defused`` put before it was taken away."""


def escape_formula(cell: str) -> str:
    """``cell`` with an apostrophe before it where a spreadsheet would calculate it; figures stay as they are."""
    return f"'{cell}" if _FORMULA.match(cell) and not _HARMLESS.fullmatch(cell) else cell


def unescape_formula(cell: str) -> str:
    """The text that ``defused`` made ``cell`` of."""
    return cell[1:] if cell.startswith("'") and _FORMULA.match(cell) else cell


def csv_text(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table as a CSV file has it, its cells defused."""
    text = io.StringIO(newline="")
    for row in (header, *rows):
        # a carriage return by itself is not quoted where lines end otherwise, and would end one when it is read
        endangered = any("\r" in cell for cell in row)
        writer = csv.writer(text, lineterminator="\n", quoting=csv.QUOTE_ALL if endangered else csv.QUOTE_MINIMAL)
        writer.writerow(map(escape_formula, row))
    return text.getvalue()


def write_csv(path: Path, header: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Write a table, whole or not at all; names of files that are no UTF-8 keep their bytes.

    Raises:
        CannotWrite: there is no room, or no right to.
    """
    write_atomically(path, csv_text(header, rows).encode(errors="surrogateescape"))


def read_csv(path: Path) -> tuple[list[str], list[dict[str, str]]]:
    """The header of what ``write_csv`` wrote, and each row by column; a row that is cut short lacks columns.

    Raises:
        ValueError: it is no table: a row is longer than the header, a cell endless, or a quote not closed.
    """
    with path.open(newline="", encoding="utf-8", errors="surrogateescape") as file:
        try:
            header, *rows = [
                [unescape_formula(cell) for cell in row] for row in csv.reader(file, strict=True) if row
            ] or [[]]
        except csv.Error as error:
            raise ValueError(str(error)) from error
    if any(len(row) > len(header) for row in rows):
        raise ValueError("a row is longer than the header")
    return header, [dict(zip(header, row, strict=False)) for row in rows]
