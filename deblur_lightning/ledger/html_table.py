"""The ledger as a page: a table with a picture of each interval, in one HTML file."""

from collections.abc import Sequence
from html import escape

from deblur_lightning.ledger.interval_picture import interval_picture
from deblur_lightning.ledger.rows import Row, count_verdicts
from deblur_lightning.ledger.verdicts import FAILS, HOLDS, OPEN

TITLE = "The claims ledger"
INTRODUCTION = (
    "What the five reports claimed, and what came out when it was run again: each figure with its 95 % interval, by "
    "Student's t, over images and, where there are several, over seeds too. PSNR is the mean over whole test images, "
    "clamped and rounded to 8 bits; accuracies are of the test set. Of a difference, both sides met the same images, "
    "pair by pair."
)
MARKS = {HOLDS: ("holds", "\u2713"), FAILS: ("fails", "\u2717"), OPEN: ("open", "?")}
"""By verdict its class on the page and its mark."""
HTML_COLUMNS = ("verdict", "claim", "claimed", "measured", "", "95 % interval", "n", "data, budget", "reason")
LEGEND = (
    "In the pictures the dot is the measured mean, the line its interval, the band the range that it must lie in to "
    "hold, and the rhombus the claimed figure."
)
STYLE = """
:root { color-scheme: light dark; --good: light-dark(#13692c, #6fd08c); --bad: light-dark(#a02020, #ff8f8f);
  --unsure: light-dark(#7a5200, #e0b050); }
body { font: 15px/1.45 system-ui, sans-serif; margin: 1rem auto; max-width: 84rem; padding: 0 1rem; }
table { border-collapse: collapse; font-size: .9rem; }
td, th { padding: .35rem .6rem; text-align: left; vertical-align: top; border-bottom: 1px solid #8884; }
tbody th { padding-top: 1.2rem; } code { overflow-wrap: anywhere; } .id { white-space: nowrap; }
fieldset { border: 0; padding: 0; margin: 1rem 0; } label { margin-right: 1rem; white-space: nowrap; }
.holds, .fails, .open { font-weight: 700; } .holds { color: var(--good); } .fails { color: var(--bad); }
.open { color: var(--unsure); }
svg { vertical-align: middle; fill: currentColor; } svg .range { fill: var(--good); opacity: .25; }
svg .interval { stroke: currentColor; stroke-width: 2; }
svg .claimed { fill: none; stroke: var(--bad); stroke-width: 1.5; }
@media (max-width: 60rem) {
  thead { display: none; } table, tbody, tr, td, tbody th { display: block; border: 0; }
  tr { border-bottom: 1px solid #8884; padding: .5rem 0; } td { padding: .1rem 0; overflow-wrap: anywhere; }
  td:empty { display: none; } td[data-name]::before { content: attr(data-name) ": "; opacity: .7; }
}
"""
HEAD = f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{TITLE}</title>'


def html(rows: Sequence[Row]) -> str:
    """A page in one file, dark or light as the reader's system is; one report's claims are shown, or all.

    Where there is no room for a row, a claim is a card.
    """
    reports = list(dict.fromkeys(row.report for row in rows))
    head = "".join(f"<th>{name}</th>" for name in HTML_COLUMNS)
    bodies = "".join(
        f'<tbody id="report-{escape(name)}"><tr><th colspan="{len(HTML_COLUMNS)}">Report {escape(name)}</th></tr>'
        f"{''.join(_html_row(row) for row in rows if row.report == name)}</tbody>"
        for name in reports
    )
    return (
        f'{HEAD}<meta name="viewport" content="width=device-width,initial-scale=1"><style>{STYLE}{_filter(reports)}'
        f"</style><h1>{TITLE}</h1><p>{INTRODUCTION}</p><p>Of {len(rows)} claims {count_verdicts(rows)}. {LEGEND}</p>"
        f"{_choices(reports)}<table><thead><tr>{head}</tr></thead>{bodies}</table>"
        f'<p><a href="ledger-runs.csv">Commands, commits, machines and seconds of all runs</a></p></html>\n'
    )


def _filter(reports: Sequence[str]) -> str:
    """Style that hides the claims of all reports but the chosen one."""
    return "".join(
        f"body:has(#only-{escape(name)}:checked) tbody:not(#report-{escape(name)}) {{ display: none; }}\n"
        for name in reports
    )


def _choices(reports: Sequence[str]) -> str:
    choices = [("all", "all reports"), *((name, f"report {name}") for name in reports)]
    inputs = "".join(
        f'<label><input type="radio" name="report" id="only-{escape(name)}"{" checked" if name == "all" else ""}> '
        f"{escape(words)}</label>"
        for name, words in choices
    )
    return f"<fieldset>{inputs}</fieldset>"


def _html_row(row: Row) -> str:
    where = ", ".join(filter(None, (row.data, row.budget)))
    cells = (row.claimed, row.measured, interval_picture(row), row.interval, row.n, where)
    named = zip(HTML_COLUMNS[2:-1], cells, strict=True)
    texts = "".join(_cell(name, cell) for name, cell in named)
    verdict = f'<td class="{MARKS[row.verdict][0]}">{escape(row.verdict)}</td>'
    claim = f'<td><code class="id">{escape(row.id)}</code> {escape(row.claim)}</td>'
    return f'<tr id="{escape(row.id)}">{verdict}{claim}{texts}<td>{escape(row.reason)}{_details(row)}</td></tr>'


def _cell(name: str, cell: str) -> str:
    if not cell or not name:  # a picture has no name
        return f"<td>{cell}</td>"
    return f'<td data-name="{name}">{escape(cell)}</td>'


def _details(row: Row) -> str:
    """The command and the runs, to be unfolded."""
    data = "" if row.data in ("", "built in") else " --data FOLDER"
    command = f"deblur reproduce {row.id} --budget {row.budget}{data}" if row.budget else ""
    lines = [f"<code>{escape(command)}</code>"] if command else []
    lines += [f'<a href="ledger-runs.csv">runs</a> {escape(row.runs)}'] if row.runs else []
    lines += [f"to decide it: {escape(row.decide.replace(chr(96), ''))}"] if row.decide else []
    return f"<details><summary>how</summary>{'<br>'.join(lines)}</details>" if lines else ""
