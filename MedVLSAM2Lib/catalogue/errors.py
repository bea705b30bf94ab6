"""What can go wrong with published weights."""


class CatalogueError(Exception):
    """What was given cannot be used: a name, a folder, a file; the message is one sentence for the user."""


class DownloadError(CatalogueError):
    """Something that is needed is not there: a licence accepted, a network, room on the disk.

    The message is one sentence that says what to do. What had arrived is kept, and the next download goes on from it.
    """


class DownloadCancelled(DownloadError):  # noqa: N818 - being cancelled is no error
    """The user stopped it."""
