"""Batches as a user runs them, in a process of their own that can be killed at any moment."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

LIMIT_SECONDS = 1800

_RUN_AND_TELL = """
import sys
from pathlib import Path
from casepack.batch.run import run_batch
from tests.batch.studies import here
from tests.memory import peak_bytes
manifest, out, key = sys.argv[1:]
run_batch(Path(manifest), out, here(), key_file=Path(key))
print(peak_bytes() >> 10)
"""


def batch_command(manifest: Path, out: Path, *options: str) -> list[str]:
    return [sys.executable, "-m", "casepack", "batch", str(manifest), str(out), *options]


def start_batch(manifest: Path, out: Path, *options: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        batch_command(manifest, out, *options),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )


def count_results(out: Path) -> int:
    return len(list(out.glob("*/"))) if out.is_dir() else 0


def signal_after(
    process: subprocess.Popen[str], out: Path, results: int, delay: float, number: int
) -> bool:
    """Send a signal once there are so many results, and a moment later; tell whether it came."""
    end = time.monotonic() + LIMIT_SECONDS
    while process.poll() is None and count_results(out) < results:
        assert time.monotonic() < end
        time.sleep(0.005)
    time.sleep(delay)
    if process.poll() is not None:
        return False
    if number == signal.SIGKILL:
        process.kill()
    else:
        # as a terminal does: to all processes of the group
        os.killpg(process.pid, number)
    return True


def kill_again_and_again(
    manifest: Path, out: Path, *options: str, kills: int, total: int, seed: int = 1
) -> int:
    """Kill a batch at random moments and call it again; return how often it was killed."""
    moments = random.Random(seed)
    killed = 0
    for number in range(kills):
        process = start_batch(manifest, out, *options)
        target = total * number // kills
        killed += signal_after(process, out, target, moments.uniform(0, 0.4), signal.SIGKILL)
        process.communicate(timeout=LIMIT_SECONDS)
    return killed


def run_and_tell_memory(manifest: Path, out: Path, key: Path) -> float:
    """Run a batch in one process of its own and return the most memory that it had, in MB."""
    done = subprocess.run(
        [sys.executable, "-c", _RUN_AND_TELL, str(manifest), str(out), str(key)],
        check=True,
        capture_output=True,
        text=True,
        cwd=Path(__file__).parents[2],
    )
    return int(done.stdout) / 1024
