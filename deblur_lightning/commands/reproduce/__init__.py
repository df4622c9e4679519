"""reproduce: run what the reports' claims need, and write the ledger."""

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
  --jobs N          runs at a time, which share the cores (default: 1)
  --shard i/n       every n-th run from the i-th on, for several machines or devices that share --runs
  --runs FOLDER     where the runs lie (default: runs/ledger)
  --out FOLDER      where the ledger goes (default: docs)
  --claims FILE     the claims (default: experiments/claims.yaml)
  --list            say what would be run, and how long it would take, and stop

exit code: 0 everything was run; 1 runs failed, and are listed; 2 a mistake, told in one line; 130 Ctrl-C: the same
command goes on from there

examples:
  deblur reproduce a06-blurs
  deblur reproduce --all --jobs 2
  deblur reproduce A --data data
  deblur reproduce --all --budget full --data data --shard 1/4
"""


def carry_out(argv: Sequence[str]) -> list[str]:
    """Do what ``argv`` says, the arguments of ``deblur reproduce``; returns lines about the runs that failed.

    Raises:
        UserError: a mistake in them.
    """
    # Torch takes seconds to import, which help need not wait for.
    from deblur_lightning.commands.reproduce.run import reproduce

    failed = reproduce(argv)
    return ["runs failed, see their log.txt:", *failed] if failed else []
