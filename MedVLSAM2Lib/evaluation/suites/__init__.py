"""What ``medvlsam2 evaluate`` can run."""
