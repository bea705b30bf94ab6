"""What can go wrong with published weights."""


class CatalogueError(Exception):
    """What was given cannot be used: a name, a folder, a file; the message is one sentence for the user."""


class DownloadError(CatalogueError):
    """Something that is needed is not there: a licence accepted, a network, room on the disk.

    The message is one sentence that says what to do. What had arrived is kept, and the next download goes on from it.
    """


class LicenceDiffers(DownloadError):  # noqa: N818 - the user may well agree to the other one
    """The hub gives another licence than the one that was accepted.

    Attributes:
        licence: the tag of the hub's.
    """

    def __init__(self, message: str, licence: str) -> None:
        super().__init__(message)
        self.licence = licence


class DownloadCancelled(DownloadError):  # noqa: N818 - being cancelled is no error
    """The user stopped it."""
