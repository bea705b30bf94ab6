"""What is wrong with a checkpoint, in a sentence for the user."""

from __future__ import annotations


class CheckpointError(Exception):
    """The folder does not hold a checkpoint that can be used; the message is one sentence for the user."""
