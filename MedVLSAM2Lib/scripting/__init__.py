"""What scripts and commands work with: a scan and a model in this process, positions in RAS mm, results as plain objects."""
