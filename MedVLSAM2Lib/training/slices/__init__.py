"""The mask model of the kind slices in training: clips of slices, prompts on their first one, memory through the others."""
