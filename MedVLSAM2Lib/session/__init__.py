"""One volume and one model: prompts in, masks out, with undo. Knows neither Slicer nor processes."""
