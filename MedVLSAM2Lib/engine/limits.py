"""How patient the client is with its worker."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Limits:
    """Generous ones: a slow machine must not be taken for a broken one.

    Attributes:
        start_s: from the launch to the worker's hello.
        silence_s: without a sign of life from the worker's reading thread.
        answer_s: without news of a running request.
        load_s: the same while a model is loaded or a volume opened.
        cancel_s: from a cancel to its effect; after that the worker is ended and what was made is done again.
        deaths_per_request: the worker's deaths after which a request is given up.
        deaths_per_replay: the same while an accepted request is done again; as it worked before, what kills the worker is
            more likely something else.
        deaths_without_cause: its deaths in a row before it did anything, after which it is not started again.
        deaths_while_idle: the same of ones that were as the last one had been, and died with nothing to do.
        lost_lines: how often in a row the line to a remote worker may break; after that it is not connected again.
        reconnect_s: from a broken line to the next connection; twice as long each time it breaks again.
        leave_s: for a remote worker to end by itself when the client does.
    """

    start_s: float = 60.0
    silence_s: float = 30.0
    answer_s: float = 120.0
    load_s: float = 600.0
    cancel_s: float = 1.0
    deaths_per_request: int = 2
    deaths_per_replay: int = 4
    deaths_without_cause: int = 3
    deaths_while_idle: int = 10
    lost_lines: int = 5
    reconnect_s: float = 1.0
    leave_s: float = 2.0
