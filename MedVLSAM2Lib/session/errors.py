"""What can go wrong in a session."""


class SessionError(ValueError):
    """The session cannot do what was asked; the message is one sentence for the user."""


class Cancelled(Exception):  # noqa: N818 - being cancelled is no error
    """The request was cancelled; everything is as it was before it."""
