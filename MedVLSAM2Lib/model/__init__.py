"""The networks, their checkpoints, and the Protocol a session drives them by."""
