"""The options of commands that make many runs."""

from deblur_lightning.commands.strict_parser import StrictParser


def add_run_options(parser: StrictParser) -> None:
    """Add ``--jobs``, ``--shard``, ``--export``, ``--import`` and ``--list``."""
    jobs_help = "runs at a time, which share the cores (default: %(default)s)"
    parser.add_argument("--jobs", metavar="N", type=int, default=1, help=jobs_help)
    shard_help = "every n-th run from the i-th on, for several machines or devices"
    parser.add_argument("--shard", metavar="i/n", help=shard_help)
    export_help = "copy the scores of all finished runs, without weights, into this folder"
    parser.add_argument("--export", metavar="FOLDER", dest="export_to", help=export_help)
    import_help = "take over runs that --export wrote on another machine"
    parser.add_argument("--import", metavar="FOLDER", dest="import_from", help=import_help)
    parser.add_argument("--list", action="store_true", help="say what would be run, and stop")
