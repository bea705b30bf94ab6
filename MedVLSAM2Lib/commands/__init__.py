"""The commands of ``medvlsam2`` that have no package of their own."""
