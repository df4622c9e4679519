"""The ledger as Markdown, CSV and HTML, and the list of the runs behind it."""

import csv
import io
import shlex
from collections.abc import Sequence
from dataclasses import astuple, fields
from html import escape
from pathlib import Path

from deblur_lightning.imagefiles import write_atomically
from deblur_lightning.ledger.plan import Run
from deblur_lightning.ledger.rows import Row, counts

TITLE = "The claims ledger"
INTRODUCTION = (
    "What the five reports claimed, and what came out when it was run again: each figure with its 95 % interval, from "
    "a bootstrap that draws images and seeds anew. PSNR is the mean over whole test images, clamped and rounded to 8 "
    "bits; accuracies are of the test set. Of a difference, both sides met the same images, pair by pair."
)
FULL_TEXT = ("claim", "claimed", "measured", "verdict")
COLUMNS = tuple(field.name for field in fields(Row))
RUN_COLUMNS = ("run", "command", "seconds", "commit", "machine")


def write_ledger(rows: Sequence[Row], runs: Sequence[Run], folder: Path) -> None:
    """Write ``ledger.md``, ``.csv``, ``.html`` and ``ledger-runs.csv`` into ``folder``.

    The first three depend on the scores of the runs alone; the last tells by what, where and how long they were made.
    """
    folder.mkdir(parents=True, exist_ok=True)
    texts = {
        "ledger.md": markdown(rows),
        "ledger.csv": table_of(COLUMNS, [astuple(row) for row in rows]),
        "ledger.html": html(rows),
        "ledger-runs.csv": table_of(RUN_COLUMNS, [_run_row(run) for run in runs]),
    }
    for name, text in texts.items():
        write_atomically(folder / name, text.encode())


def markdown(rows: Sequence[Row]) -> str:
    """A table of verdicts, and the whole of each claim below it."""
    lines = [f"# {TITLE}", "", INTRODUCTION, "", f"Of {len(rows)} claims {counts(rows)}.", ""]
    lines += [
        "| claim | claimed | measured | 95 % interval | n | data, budget | verdict |",
        "|---|---|---|---|---|---|---|",
    ]
    for row in rows:
        where = ", ".join(filter(None, (row.data, row.budget)))
        cells = (f"[{row.id}](#{_anchor(row.id)})", row.claimed, row.measured, row.interval, row.n, where, row.verdict)
        lines.append("| " + " | ".join(cells) + " |")
    for row in rows:
        lines += ["", f"## {row.id}", "", f"{row.claim} (report {row.report}: {row.claimed})", ""]
        lines += [f"**{row.verdict.capitalize()}.** {row.reason}"]
        if facts := _facts(row):
            lines += ["", facts]
    lines += [
        "",
        "`ledger.csv` has all columns, `ledger-runs.csv` the command, commit, machine and seconds of each run.",
    ]
    return "\n".join(lines) + "\n"


def html(rows: Sequence[Row]) -> str:
    """A page by itself, dark or light as the reader has it."""
    head = "".join(f"<th>{name}</th>" for name in (*FULL_TEXT, "interval", "n", "data", "reason"))
    body = "".join(_html_row(row) for row in rows)
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{TITLE}</title>'
        '<meta name="viewport" content="width=device-width,initial-scale=1"><style>'
        ":root{color-scheme:light dark}body{font:15px/1.45 system-ui,sans-serif;margin:1rem auto;max-width:80rem;"
        "padding:0 1rem}div{overflow-x:auto}table{border-collapse:collapse}td,th{padding:.35rem .6rem;text-align:left;"
        "vertical-align:top;border-bottom:1px solid #8884}td:nth-child(4){font-weight:600}</style>"
        f"<h1>{TITLE}</h1><p>{INTRODUCTION}</p><p>Of {len(rows)} claims {counts(rows)}.</p>"
        f"<div><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div></html>\n"
    )


def _html_row(row: Row) -> str:
    where = ", ".join(filter(None, (row.data, row.budget)))
    cells = (f"{row.id}: {row.claim}", row.claimed, row.measured, row.verdict, row.interval, row.n, where, row.reason)
    return "<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in cells) + "</tr>"


def _facts(row: Row) -> str:
    told = {
        "measured": " ".join(filter(None, (row.measured, row.interval and f"({row.interval})", row.n))),
        "blurred input": row.blurred,
        "beside it": row.beside,
        "parameters": row.parameters,
        "multiplications of convolutions and matrix products for each pixel": row.macs,
    }
    return "; ".join(f"{name}: {value}" for name, value in told.items() if value)


def _anchor(name: str) -> str:
    return name.replace(".", "")


def _run_row(run: Run) -> tuple[str, ...]:
    note = run.note()
    command = shlex.join(["deblur", "fit", *run.arguments])
    return (
        "/".join(run.folder.parts[-3:]),
        command,
        str(round(note["seconds"])),
        str(note["commit"]),
        str(note["machine"]),
    )


def table_of(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A CSV file's text."""
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\n").writerows([header, *rows])
    return text.getvalue()
