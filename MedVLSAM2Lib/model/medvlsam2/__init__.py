"""The whole model: its parts, what it was trained for, and how they are read and written."""
