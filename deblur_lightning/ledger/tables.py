"""Writes the ledger as Markdown, CSV and HTML, and a list of its runs."""

import shlex
from collections.abc import Sequence
from dataclasses import astuple, fields
from html import escape
from pathlib import Path

from deblur_lightning.errors import UserError
from deblur_lightning.files.csv_tables import csv_text
from deblur_lightning.files.writing import make_folder, write_atomically
from deblur_lightning.ledger.rows import Row, count_verdicts
from deblur_lightning.ledger.runs import Run
from deblur_lightning.ledger.verdicts import FAILS, HOLDS, OPEN

TITLE = "The claims ledger"
INTRODUCTION = (
    "What the five reports claimed, and what came out when it was run again: each figure with its 95 % interval, by "
    "Student's t, over images and, where there are several, over seeds too. PSNR is the mean over whole test images, "
    "clamped and rounded to 8 bits; accuracies are of the test set. Of a difference, both sides met the same images, "
    "pair by pair."
)
MARKS = {HOLDS: ("holds", "\u2713"), FAILS: ("fails", "\u2717"), OPEN: ("open", "?")}
"""By verdict its class and its mark on the page."""
HTML_COLUMNS = ("", "claim", "in words", "claimed", "measured", "95 % interval", "n", "data, budget", "reason")
STYLE = """
:root { color-scheme: light dark; --good: light-dark(#13692c, #6fd08c); --bad: light-dark(#a02020, #ff8f8f); }
body { font: 15px/1.45 system-ui, sans-serif; margin: 1rem auto; max-width: 84rem; padding: 0 1rem; }
table { border-collapse: collapse; font-size: .9rem; }
td, th { padding: .35rem .6rem; text-align: left; vertical-align: top; border-bottom: 1px solid #8884; }
tbody th { padding-top: 1.2rem; } code { white-space: nowrap; }
.holds, .fails, .open { font-weight: 700; } .holds { color: var(--good); } .fails { color: var(--bad); }
@media (max-width: 60rem) {
  thead { display: none; } table, tbody, tr, td, tbody th { display: block; border: 0; }
  tr { border-bottom: 1px solid #8884; padding: .5rem 0; } td { padding: .1rem 0; overflow-wrap: anywhere; }
  td[class], td[class] + td { display: inline; margin-right: .4rem; } td:empty { display: none; }
  td[data-name]::before { content: attr(data-name) ": "; opacity: .7; }
  td[data-name="in words"]::before { content: ""; }
}
"""
COLUMNS = tuple(field.name for field in fields(Row))
RUN_COLUMNS = ("run", "command", "seconds", "commit", "machine")
HEAD = f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{TITLE}</title>'
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
    if folder.exists() and not folder.is_dir():
        raise UserError(f"--out={folder} is a file: give a folder.")
    for name, beginning in BEGINNINGS.items():
        path = folder / name
        if path.exists() and not (path.is_file() and path.read_bytes().startswith(beginning.encode())):
            raise UserError(f"{path} is not from deblur reproduce: move it away, or give another --out.")


def markdown(rows: Sequence[Row]) -> str:
    """A table of verdicts, and below it a section for each claim."""
    lines = [f"# {TITLE}", "", INTRODUCTION, "", f"Of {len(rows)} claims {count_verdicts(rows)}.", ""]
    lines += [
        "| claim | claimed | measured | 95 % interval | n | data, budget | verdict |",
        "|---|---|---|---|---|---|---|",
    ]
    for row in rows:
        where = ", ".join(filter(None, (row.data, row.budget)))
        cells = (f"[{row.id}](#{_anchor(row.id)})", row.claimed, row.measured, row.interval, row.n, where, row.verdict)
        lines.append("| " + " | ".join(map(markdown_cell, cells)) + " |")
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
    """A page in one file, dark or light as the reader's system is.

    Where there is no room for a row, a claim is a card.
    """
    reports = list(dict.fromkeys(row.report for row in rows))
    links = "".join(f'<a href="#report-{escape(name)}">report {escape(name)}</a> ' for name in reports)
    legend = "; ".join(f'<span class="{kind}">{mark}</span> {verdict}' for verdict, (kind, mark) in MARKS.items())
    head = "".join(f"<th>{name}</th>" for name in HTML_COLUMNS)
    bodies = "".join(
        f'<tbody id="report-{escape(name)}"><tr><th colspan="{len(HTML_COLUMNS)}">Report {escape(name)}</th></tr>'
        f"{''.join(_html_row(row) for row in rows if row.report == name)}</tbody>"
        for name in reports
    )
    return (
        f'{HEAD}<meta name="viewport" content="width=device-width,initial-scale=1"><style>{STYLE}</style>'
        f"<h1>{TITLE}</h1><p>{INTRODUCTION}</p><p>Of {len(rows)} claims {count_verdicts(rows)}.</p>"
        f"<p>{legend}.</p><nav>{links}</nav>"
        f"<table><thead><tr>{head}</tr></thead>{bodies}</table></html>\n"
    )


def _html_row(row: Row) -> str:
    kind, mark = MARKS[row.verdict]
    where = ", ".join(filter(None, (row.data, row.budget)))
    cells = (row.claim, row.claimed, row.measured, row.interval, row.n, where, row.reason)
    texts = "".join(
        f'<td data-name="{name}">{escape(cell)}</td>' if cell else "<td></td>"
        for name, cell in zip(HTML_COLUMNS[2:], cells, strict=True)
    )
    verdict = f'<td class="{kind}" title="{escape(row.verdict)}">{mark}</td>'
    return f'<tr id="{escape(row.id)}">{verdict}<td><code>{escape(row.id)}</code></td>{texts}</tr>'


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
