"""Runs the scripts given, each as a program of its own, three at a time; notes how each ended."""

import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path


def run(path: str) -> dict:
    """Run one script to its end."""
    ended = subprocess.run([sys.executable, path], capture_output=True, text=True, timeout=300)
    return {"status": ended.returncode, "printed": ended.stdout, "errors": ended.stderr}


if __name__ == "__main__":
    notes, *paths = sys.argv[1:]
    with ThreadPoolExecutor(3) as pool:
        ends = dict(zip((Path(path).stem for path in paths), pool.map(run, paths), strict=True))
    Path(notes).write_text(json.dumps(ends))
