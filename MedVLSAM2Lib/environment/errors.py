"""What can go wrong with the packages that the engine needs."""


class EnvironmentProblem(Exception):  # noqa: N818 - it is about an environment, and errors are too
    """Something could not be installed, packed or looked at; the message is one sentence that says what to do."""


class Cancelled(EnvironmentProblem):
    """The user stopped it; what was there before works as before."""
