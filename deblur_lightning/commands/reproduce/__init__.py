"""``deblur reproduce``: runs what the reports' claims need, and writes the ledger."""

from collections.abc import Sequence

from deblur_lightning.commands.reproduce.options import add_run_options
from deblur_lightning.commands.strict_parser import StrictParser

DESCRIPTION = """\
Run again what the reports claim: every run by the command line that a user would type, finished ones kept, broken ones
continued from where they stopped. Ends with the ledger: each claim with its measured figure, interval and verdict."""

EPILOG = """\
exit code: 0 everything was run; 1 runs failed, and are listed; 2 a mistake, told in one line; 130 Ctrl-C: the same
command goes on from there

examples:
  deblur reproduce a06-blurs
  deblur reproduce --all --jobs 2
  deblur reproduce A --data data
  deblur reproduce --all --budget day --data data
  deblur reproduce --all --budget full --data data --shard 1/4 --export scores
  deblur reproduce --import scores"""


def parser() -> StrictParser:
    """The arguments of ``deblur reproduce``."""
    parser = StrictParser("deblur reproduce", description=DESCRIPTION, epilog=EPILOG)
    names_help = "such as a06-blurs, or a report's letter; experiments/claims.yaml has them all"
    parser.add_argument("names", metavar="CLAIM", nargs="*", help=names_help)
    parser.add_argument("--all", action="store_true", help="all of them")
    budget_help = (
        "quick: all within 45 minutes on two CPU cores; day: within 24 hours; full: the reports' recipes, days on a "
        "CPU (default: %(default)s)"
    )
    parser.add_argument("--budget", metavar="quick|day|full", default="quick", help=budget_help)
    data_help = "a folder of real sets; what is absent is replaced by what the experiments have built in"
    parser.add_argument("--data", metavar="FOLDER", help=data_help)
    runs_help = "where the runs lie (default: %(default)s)"
    parser.add_argument("--runs", metavar="FOLDER", default="runs/ledger", help=runs_help)
    parser.add_argument("--out", metavar="FOLDER", default="docs", help="where the ledger goes (default: %(default)s)")
    claims_help = "the claims (default: those of the package, experiments/claims.yaml)"
    parser.add_argument("--claims", metavar="FILE", help=claims_help)
    add_run_options(parser)
    return parser


def execute(argv: Sequence[str]) -> list[str]:
    """Make the runs and the ledger; returns lines about the runs that failed.

    Raises:
        UserError: something is missing, or does not fit.
    """
    given = parser().parse(argv)
    # Torch takes seconds to import, which help and mistakes need not wait for.
    from deblur_lightning.commands.reproduce.run import reproduce

    failed = reproduce(given)
    return ["runs failed, see their log.txt:", *failed] if failed else []
