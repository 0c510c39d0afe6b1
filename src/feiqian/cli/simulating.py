"""`feiqian simulate`: a simulator is a program of its own, so this becomes it."""

import argparse
import os
import sys
from collections.abc import Mapping

from feiqian.app.sandbox import SIMULATED, SIMULATOR_OPTIONS, offset_now, read_state
from feiqian.channels import ChannelKind
from feiqian.infra.settings import Settings

FIRST_PORT = 9080
PORTS: Mapping[ChannelKind, int] = {kind: FIRST_PORT + place for place, kind in enumerate(SIMULATED)}
"""Where each listens when nothing else is said."""


def simulate(settings: Settings, arguments: argparse.Namespace) -> int:
    """Run a simulator until Ctrl-C, on the clock where the demo ended."""
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    offset = offset_now(read_state(settings.data_dir))
    program = [
        sys.executable, "-m", f"feiqian.simulators.{arguments.kind.value}",
        "--port", str(arguments.port), "--data-dir", str(settings.data_dir),
        "--clock-offset-s", str(offset.total_seconds()), *SIMULATOR_OPTIONS.get(arguments.kind, ()),
    ]  # fmt: skip
    os.execv(sys.executable, program)
