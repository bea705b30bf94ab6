"""Where to look: boxes of a volume, turned and mirrored, of the right and of the wrong size."""
