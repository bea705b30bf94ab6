"""The patch network: one cube of the volume, its prompts and the earlier mask in; the cube's mask out."""
