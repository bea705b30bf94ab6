"""What goes wrong in the scene."""

from __future__ import annotations


class SceneError(ValueError):
    """Something in the scene cannot be used; the message is one sentence for the user, and nothing was changed."""
