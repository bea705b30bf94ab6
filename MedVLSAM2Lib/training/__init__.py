"""Training of the bundled checkpoint: data, simulated prompts, rounds of correction, and the command that runs them."""
