"""The parser of our own subcommands: help from the declared arguments, mistakes in one line, no abbreviations."""

from argparse import ArgumentError, ArgumentParser, Namespace, RawDescriptionHelpFormatter
from collections.abc import Sequence
from typing import Any, NoReturn

from deblur_lightning.errors import UserError

CKPT_HELP = "a checkpoint of deblur fit, a .safetensors, or published weights, .pth (default: the shipped model)"
DEVICE_HELP = "where to compute (default: %(default)s, the GPU where there is one)"
TRUST_HELP = "a module whose networks a model file may name, beside this package's; its code runs; may be repeated"


class StrictParser(ArgumentParser):
    """A parser that raises a one-line error where argparse prints its usage and exits.

    Args:
        prog: the command.
        settings: of ``argparse.ArgumentParser``: usage, description, epilog.
    """

    def __init__(self, prog: str, **settings: Any) -> None:
        super().__init__(
            prog=prog, allow_abbrev=False, exit_on_error=False, formatter_class=RawDescriptionHelpFormatter, **settings
        )

    def error(self, message: str) -> NoReturn:
        """Refuse what does not fit."""
        raise UserError(f"{message}: {self.prog} --help lists the options.")

    def parse(self, argv: Sequence[str]) -> Namespace:
        """Understand ``argv``; options may stand before, between and behind the names of files.

        Raises:
            UserError: something is unknown or lacks its value.
        """
        try:
            return self.parse_intermixed_args(argv)
        except ArgumentError as error:
            self.error(str(error))
