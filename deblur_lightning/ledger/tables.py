"""Writes the ledger as Markdown, CSV and HTML, and a list of its runs."""

import shlex
from collections.abc import Sequence
from dataclasses import astuple, fields
from html import escape
from pathlib import Path

from deblur_lightning.files.csv_tables import csv_text
from deblur_lightning.files.writing import check_replaceable, make_folder, write_atomically
from deblur_lightning.ledger.html_table import HEAD, INTRODUCTION, MARKS, TITLE, html
from deblur_lightning.ledger.rows import Row, count_verdicts
from deblur_lightning.ledger.runs import Run

COLUMNS = tuple(field.name for field in fields(Row))
RUN_COLUMNS = ("run", "command", "seconds", "commit", "machine")
BEGINNINGS = {
    "ledger.md": f"# {TITLE}",
    "ledger.csv": ",".join(COLUMNS[:4]),
    "ledger.html": HEAD,
    "ledger-runs.csv": ",".join(RUN_COLUMNS[:2]),
}
"""Start of each file, by which a ledger is recognised."""


def write_ledger(rows: Sequence[Row], runs: Sequence[Run], folder: Path) -> None:
    """Write ``ledger.md``, ``.csv``, ``.html`` and ``ledger-runs.csv`` into ``folder``.

    The first three depend only on the scores of the runs. The last has the command, time, commit and machine of each.
    """
    make_folder(folder)
    texts = {
        "ledger.md": markdown(rows),
        "ledger.csv": csv_text(COLUMNS, [astuple(row) for row in rows]),
        "ledger.html": html(rows),
        "ledger-runs.csv": csv_text(RUN_COLUMNS, [_run_row(run) for run in runs]),
    }
    for name, text in texts.items():
        write_atomically(folder / name, text.encode(errors="replace"))


def check_ledger(folder: Path) -> None:
    """Check that writing a ledger into ``folder`` replaces nothing but an older ledger.

    Raises:
        UserError: another file has one of the names, or ``folder`` is a file.
    """
    check_replaceable(folder, BEGINNINGS, "deblur reproduce")


def markdown(rows: Sequence[Row]) -> str:
    """A table of verdicts, and below it a section for each claim."""
    lines = [f"# {TITLE}", "", INTRODUCTION, "", f"Of {len(rows)} claims {count_verdicts(rows)}.", ""]
    lines += [f"{', '.join(f'{mark} {verdict}' for verdict, (_, mark) in MARKS.items())}.", ""]
    lines += [
        "| | claim | claimed | measured | 95 % interval | n | data, budget |",
        "|---|---|---|---|---|---|---|",
    ]
    for row in rows:
        where = ", ".join(filter(None, (row.data, row.budget)))
        cells = (_mark(row), f"[{row.id}](#{_anchor(row.id)})", row.claimed, row.measured, row.interval, row.n, where)
        lines.append("| " + " | ".join(map(markdown_cell, cells)) + " |")
    for row in rows:
        lines += ["", f"## {row.id}", "", f"{row.claim} (report {row.report}: {row.claimed})", ""]
        lines += [f"**{row.verdict.capitalize()}.** {row.reason}"]
        if row.decide:
            lines += ["", f"To decide it: {row.decide}."]
        if facts := _facts(row):
            lines += ["", facts]
    lines += [
        "",
        "`ledger.csv` has all columns, `ledger-runs.csv` the command, commit, machine and seconds of each run.",
    ]
    return "\n".join(lines) + "\n"


def _mark(row: Row) -> str:
    return MARKS[row.verdict][1]


def _facts(row: Row) -> str:
    facts = {
        "measured": " ".join(filter(None, (row.measured, row.interval and f"({row.interval})", row.n))),
        "blurred input": row.blurred,
        "beside it": row.beside,
        "parameters": row.parameters,
        "multiplications of convolutions and matrix products for each pixel": row.macs,
    }
    return "; ".join(f"{name}: {value}" for name, value in facts.items() if value)


def _anchor(name: str) -> str:
    return name.replace(".", "")


def _run_row(run: Run) -> tuple[str, ...]:
    note = run.result().note
    return (
        "/".join(run.folder.parts[-3:]),
        shlex.join(["deblur", "fit", *run.arguments]),
        f"{note['seconds']:.0f}" if "seconds" in note else "",
        note.get("commit", ""),
        note.get("machine", ""),
    )


def markdown_cell(text: str) -> str:
    """``text`` escaped for one cell of a Markdown table."""
    return escape(" ".join(text.split()), quote=False).replace("|", "\\|")
