"""Language and masks learned together, prompted by text, points and boxes: the stages of the paper's recipe."""
