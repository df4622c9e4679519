"""The one exception for mistakes of the user: its message is shown as a single line."""


class UserError(Exception):
    """A mistake in what the user gave; the message names the culprit and the cure."""
