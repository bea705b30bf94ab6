"""How much memory a model needs, worked out from its configs before anything is loaded."""
