"""The language model: visual tokens and a conversation in, text and the states of its ``[SEG]`` tokens out."""
