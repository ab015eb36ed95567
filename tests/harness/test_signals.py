"""Children of the tests end by signals, also where the suite runs in the background."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

from support.signals import ENDING

_TESTS = Path(__file__).parents[1]
_NUMBERS = [int(number) for number in ENDING]
_CHILD = f"import signal; print([signal.getsignal(n) == signal.SIG_IGN for n in {_NUMBERS}])"
_PARENT = f"""
import os, signal, subprocess, sys, threading
from support.signals import ENDING, give_children_defaults

def start():
    subprocess.run([sys.executable, "-c", {_CHILD!r}], check=True)

for number in ENDING:
    signal.signal(number, signal.SIG_IGN)
start()
give_children_defaults()
start()
thread = threading.Thread(target=start)
thread.start()
thread.join()
for number in ENDING:
    os.kill(os.getpid(), number)
"""


def test_children_have_default_signals_where_their_parent_ignores_them() -> None:
    shown = subprocess.run(
        [sys.executable, "-c", _PARENT],
        env={**os.environ, "PYTHONPATH": str(_TESTS)},
        capture_output=True,
        text=True,
        check=True,
    )
    ignored, taken = str([True] * len(ENDING)), str([False] * len(ENDING))
    assert shown.stdout.splitlines() == [ignored, taken, taken]


def test_this_process_has_given_its_children_default_signals() -> None:
    assert not [number for number in ENDING if signal.getsignal(number) is signal.SIG_IGN]
