"""report: a page of everything that has been run."""

from collections.abc import Sequence

from deblur_lightning.commands.strict_parser import StrictParser

DESCRIPTION = """\
Write OUT/index.html, one page with nothing to fetch: a leaderboard of all tested runs that can be sorted, PSNR against
blur strength and cost, loss curves, before and after of test photographs, learned filters, and the claims. A run that
is damaged is left out; page and command list it with the reason. OUT/leaderboard.tex has the leaderboard as a LaTeX
table (booktabs), seeds joined, the best of each blur bold and the second underlined."""

EPILOG = "exit code: 0 the page is there; 1 it is there without the runs that are listed; 2 a mistake, told in one line"


def parser() -> StrictParser:
    """The arguments of ``deblur report``."""
    parser = StrictParser("deblur report", description=DESCRIPTION, epilog=EPILOG)
    out_help = "where the page goes; an older one in it is replaced, any other index.html is refused"
    parser.add_argument("--out", metavar="FOLDER", help=out_help)
    runs_help = "searched for runs with a scores.csv (default: %(default)s)"
    parser.add_argument("--runs", metavar="FOLDER", default="runs", help=runs_help)
    ledger_help = "where deblur reproduce put its runs (default: %(default)s)"
    parser.add_argument("--ledger", metavar="FOLDER", default="runs/ledger", help=ledger_help)
    return parser


def execute(argv: Sequence[str]) -> list[str]:
    """Write the page; returns lines about the runs that were left out.

    Raises:
        UserError: an option does not fit, or there are no runs.
    """
    given = parser().parse(argv)
    # Torch takes seconds to import, which help and mistakes need not wait for.
    from pathlib import Path

    from deblur_lightning.errors import UserError
    from deblur_lightning.files.experiments import claims_path
    from deblur_lightning.files.writing import write_atomically
    from deblur_lightning.ledger.claims import read_claims
    from deblur_lightning.ledger.latex import HEADER, leaderboard
    from deblur_lightning.ledger.page import page_path, write_page
    from deblur_lightning.ledger.rows import build_rows
    from deblur_lightning.ledger.run_summaries import summarise_runs
    from deblur_lightning.ledger.runs import finished_runs, list_runs

    if given.out is None:
        raise UserError("no place for the page: give a folder with --out=FOLDER.")
    page = page_path(Path(given.out))
    table = page.with_name("leaderboard.tex")
    if table.exists() and not table.read_bytes().startswith(HEADER.encode()):
        raise UserError(f"{table} is not from deblur report: move it away, or give another --out.")
    claims = claims_path()
    claim_set = read_claims(claims)
    ledger = list_runs(claim_set, Path(given.ledger))
    finished = finished_runs(ledger)
    runs, means, left_out = summarise_runs(Path(given.runs), finished)
    if not runs and not left_out:
        raise UserError(f"no tested run below --runs={given.runs}: deblur test leaves a scores.csv in each.")
    in_a_clone = claims.parent == Path("experiments")  # elsewhere the claims are told once some of them have been run
    rows = build_rows(claim_set, ledger) if finished or in_a_clone else []
    write_page(runs, means, left_out, rows, page)
    print(f"page      {page}: {len(runs)} run{'s' * (len(runs) != 1)}, {page.stat().st_size / 1e6:.1f} MB")
    write_atomically(table, leaderboard(means).encode())
    print(f"table     {table}")
    lines = [f"{run.name}: {run.reason}" for run in left_out]
    return ["damaged runs were left out:", *lines] if lines else []
