"""report: a page of everything that has been run."""

from collections.abc import Sequence

HELP = """\
usage: deblur report --out FOLDER [--runs FOLDER] [--ledger FOLDER]

Write FOLDER/index.html, one page with nothing to fetch: a leaderboard of all tested runs that can be sorted, PSNR
against blur strength and cost, loss curves, before and after of test photographs, learned filters, and the claims.

arguments:
  --out FOLDER     where the page goes; an older one in it is replaced, any other index.html is refused
  --runs FOLDER    searched for runs with a scores.csv (default: runs)
  --ledger FOLDER  where deblur reproduce put its runs (default: runs/ledger)

A run that is damaged is left out; page and command list it with the reason.

exit code: 0 the page is there; 1 it is there, and runs were left out, which are listed; 2 a mistake, told in one line
"""


def carry_out(argv: Sequence[str]) -> list[str]:
    """Do what ``argv`` says, the arguments of ``deblur report``; returns lines about the runs that were left out.

    Raises:
        UserError: a mistake in them.
    """
    # Torch takes seconds to import, which help need not wait for.
    from pathlib import Path

    from deblur_lightning.commands.strict_parser import StrictParser
    from deblur_lightning.errors import UserError
    from deblur_lightning.ledger.claims import read_book
    from deblur_lightning.ledger.page import page_in, write_page
    from deblur_lightning.ledger.rows import rows_of
    from deblur_lightning.ledger.run_summaries import gather

    parser = StrictParser(prog="deblur report")
    for option, default in {"out": None, "runs": "runs", "ledger": "runs/ledger"}.items():
        parser.add_argument(f"--{option}", default=default)
    given = parser.parsed(argv)
    if given.out is None:
        raise UserError("no place for the page: give a folder with --out=FOLDER.")
    page = page_in(Path(given.out))
    runs, left_out = gather(Path(given.runs))
    if not runs and not left_out:
        raise UserError(f"no tested run below --runs={given.runs}: deblur test leaves a scores.csv in each.")
    claims = Path("experiments/claims.yaml")
    rows = rows_of(read_book(claims), Path(given.ledger)) if claims.is_file() else []
    write_page(runs, left_out, rows, page)
    print(f"page      {page}: {len(runs)} runs, {page.stat().st_size / 1e6:.1f} MB")
    lines = [f"{run.name}: {run.reason}" for run in left_out]
    return ["damaged runs were left out:", *lines] if lines else []
