"""``medvlsam2 worker`` with the stand-in model: ``remote_standin.py FOLDER KEEP_SECONDS worker``."""

from __future__ import annotations

import sys
from pathlib import Path

from MedVLSAM2Lib.engine.remote_worker import run_remote_worker

if __name__ == "__main__":
    standin = Path(__file__).with_name("standin_worker.py")
    raise SystemExit(run_remote_worker(Path(sys.argv[1]), float(sys.argv[2]), (str(standin),)))
