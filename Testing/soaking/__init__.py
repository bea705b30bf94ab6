"""What ``python Testing/soak.py`` does."""
