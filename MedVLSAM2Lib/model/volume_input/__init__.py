"""What a volume encoder is shown of a volume (numpy only)."""
