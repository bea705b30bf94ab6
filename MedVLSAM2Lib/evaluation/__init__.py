"""How good and how fast: metrics, simulated users, baselines and the suites of ``medvlsam2 evaluate``."""
