"""From batches to weights: rounds of correction, losses, the optimiser's steps, validation, the run."""
