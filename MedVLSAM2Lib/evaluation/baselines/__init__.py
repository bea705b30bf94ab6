"""Classical interactive segmentation, driven by the same prompts as the model.

Their patches and seeds are the best of a handful tried on the very scans they are compared on (reaches of 30, 40, 50
and 60 mm, seeds of 4 to 12 mm): what the model has to beat is no straw man.
"""
