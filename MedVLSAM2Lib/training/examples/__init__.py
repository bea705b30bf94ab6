"""Training examples: what is seen of an object, what was asked, and batches of them made beside the training."""
