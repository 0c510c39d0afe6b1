"""Runs the checks, cheapest first, and stops at the first that fails, with its exit code.

`check.py` is what can be said without running Feiqian; `check.py --tests` goes on to every test.
The summary line of pytest is the last line that it prints.
"""

import argparse
import os
import subprocess
import sys
import time

from setup import ROOT, VENV, WEB, find_chromium, say

BIN = VENV / "bin"
STATIC = [
    ("format of Python", [BIN / "ruff", "format", "--check"], ROOT),
    ("lint of Python", [BIN / "ruff", "check"], ROOT),
    ("floors of the house", [BIN / "lint-imports"], ROOT),
    ("rules of the house", [BIN / "pytest", "-q", "tests/house"], ROOT),
    ("types of Python", [BIN / "basedpyright"], ROOT),
    ("types, lint and tests of the pages", [BIN / "npm", "run", "--silent", "check"], WEB),
]
PYTEST = [BIN / "pytest"]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--tests", action="store_true", help="run the tests too")
    steps = STATIC + ([("tests", PYTEST, ROOT)] if parser.parse_args().tests else [])
    environment = {**os.environ, "PATH": f"{BIN}{os.pathsep}{os.environ.get('PATH', '')}"}
    chromium = find_chromium()
    if chromium:
        environment["FEIQIAN_CHROMIUM"] = chromium
    for number, (what, command, folder) in enumerate(steps, start=1):
        say(f"{number}/{len(steps)} {what}")
        began = time.monotonic()
        code = subprocess.run(
            [str(part) for part in command],
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            check=False,
        ).returncode
        if code:
            return code
        if command is not PYTEST:
            say(f"{what}: passed ({time.monotonic() - began:.1f} s)")
    return 0


if __name__ == "__main__":
    sys.exit(main())
