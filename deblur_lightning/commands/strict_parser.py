"""An argument parser that reports mistakes in one line."""

from argparse import ArgumentError, ArgumentParser, Namespace
from collections.abc import Sequence
from typing import NoReturn

from deblur_lightning.errors import UserError


class StrictParser(ArgumentParser):
    """Takes no abbreviations, and raises in place of printing pages.

    Args:
        prog: the command, for messages.
    """

    def __init__(self, prog: str) -> None:
        super().__init__(prog=prog, allow_abbrev=False, exit_on_error=False, add_help=False)

    def error(self, message: str) -> NoReturn:
        """Refuse what does not fit."""
        raise UserError(f"{message}: {self.prog} --help lists the options.")

    def parsed(self, argv: Sequence[str]) -> Namespace:
        """Understand ``argv``; options may stand before, between and behind the names of files.

        Raises:
            UserError: something is unknown or lacks its value.
        """
        try:
            return self.parse_intermixed_args(argv)
        except ArgumentError as error:
            self.error(str(error))
