"""Scans and label maps prepared for training: read once from their folders, kept in a cache of plain arrays."""
