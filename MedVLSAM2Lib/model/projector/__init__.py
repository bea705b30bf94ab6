"""The projector: features of two scales in, tokens in the language model's width out."""
