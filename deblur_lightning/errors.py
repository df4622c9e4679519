"""Exceptions for mistakes of the user; their message is printed as one line."""


class UserError(Exception):
    """A mistake in what the user gave; the message names the culprit and the cure."""


class CannotWrite(UserError):
    """A file could not be written, for want of room or of rights."""
