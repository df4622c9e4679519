"""CSV files: no name is a formula in a spreadsheet, and every name comes back as it was."""

from pathlib import Path

import pytest

from deblur_lightning.files.csv_tables import csv_text, read_csv, write_csv

FORMULAS = [
    "=1+1",
    '=HYPERLINK("//e","x").png',
    "+1+cmd|' /C calc'!A0",
    "-2+3",
    "@SUM(1)",
    "\t=1",
    "\r=1",
    "'=1",
    "--1",
]
FIGURES = ["-3.5", "+0.07 dB", "-0.01 dB to +0.14 dB", "2.1e-06 to 5e-05", "+25.00 points", "-1e-05", "96.72 %"]
NAMES = ["a,b.png", 'say "cheese".png', "Grüße 📷.png", "'", "'a'", "", " space ", "two\nlines", "no\udcffUTF-8", "a=b"]


@pytest.mark.parametrize("name", FORMULAS)
def test_a_name_is_no_formula(name: str) -> None:
    cell = csv_text(["x"], [[name]]).split("\n", 1)[1].lstrip('"')
    assert cell.startswith("'")


@pytest.mark.parametrize("cell", FIGURES + [name for name in NAMES if name.isalpha()])
def test_figures_stay_figures(cell: str) -> None:
    assert csv_text(["x"], [[cell]]) == f"x\n{cell}\n"


@pytest.mark.parametrize("name", FORMULAS + FIGURES + NAMES)
def test_what_is_read_is_what_was_written(name: str, tmp_path: Path) -> None:
    write_csv(tmp_path / "a.csv", [name, "b"], [[name, "x"], ["y", name]])
    header, rows = read_csv(tmp_path / "a.csv")
    assert header == [name, "b"]
    assert [list(row.values()) for row in rows] == [[name, "x"], ["y", name]]


@pytest.mark.parametrize("damage", ["a,b\n1,2,3\n", 'a,b\n"1,2\n', "a,b\n" + "1" * 200_000 + ",2\n"])
def test_what_is_no_table_is_refused(damage: str, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(damage)
    with pytest.raises(ValueError, match=r"\w"):
        read_csv(tmp_path / "a.csv")
