"""The slice-wise mask model: SAM 2 over the volume's slices, with memory from one slice to the next."""
