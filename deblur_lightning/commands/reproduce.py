"""reproduce: run what the reports' claims need, and write the ledger."""

import sys
from collections.abc import Sequence

HELP = """\
usage: deblur reproduce [CLAIM...|--all] [options]

Run again what the reports claim: every run by the command line that a user would type, finished ones kept, broken ones
continued from where they stopped. Ends with the ledger: each claim with its measured figure, interval and verdict.

arguments:
  CLAIM             such as a06-blurs, or a report's letter; experiments/claims.yaml has them all
  --all             all of them
  --budget quick|full  quick: all within 45 minutes on two CPU cores; full: the reports' recipes (default: quick)
  --data DATA       a folder of real sets; what is absent is replaced by what the experiments have built in
  --shard i/n       every n-th run from the i-th on, for several machines or devices that share --runs
  --runs FOLDER     where the runs lie (default: runs/ledger)
  --out FOLDER      where the ledger goes (default: docs)
  --claims FILE     the claims (default: experiments/claims.yaml)
  --list            say what would be run, and how long it would take, and stop

exit code: 0 everything was run; 1 runs failed, and are listed; 2 a mistake, told in one line; 130 Ctrl-C: the same
command goes on from there

examples:
  deblur reproduce a06-blurs
  deblur reproduce A --data data
  deblur reproduce --all --budget full --data data --shard 1/4
"""

FAILED, MISTAKE, INTERRUPTED = 1, 2, 130


def run(argv: Sequence[str]) -> None:
    """Run ``deblur reproduce`` with ``argv``, the arguments behind its name.

    Raises:
        SystemExit: with an exit code other than 0, as the help explains them.
    """
    if "-h" in argv or "--help" in argv:
        print(HELP, end="")
        return
    # Torch takes seconds to import, which help need not wait for.
    from deblur_lightning.commands.reproduce_runs import carry_out
    from deblur_lightning.errors import UserError

    try:
        failed = carry_out(argv)
    except KeyboardInterrupt:
        print("\nstopped; the same command goes on from here.", file=sys.stderr)
        raise SystemExit(INTERRUPTED) from None
    except UserError as error:
        print(f"deblur: error: {error}", file=sys.stderr)
        raise SystemExit(MISTAKE) from None
    if failed:
        print("deblur: error: runs failed, see their log.txt:", *failed, sep="\n  ", file=sys.stderr)
        raise SystemExit(FAILED)
