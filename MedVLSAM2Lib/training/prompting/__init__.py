"""Simulated users: first prompts, corrections of an answer, and earlier masks with the errors that real ones have."""
