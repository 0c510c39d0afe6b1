"""`feiqian simulate`: a simulator is a program of its own, so this becomes it."""

import argparse
import os
import sys

from feiqian.app.sandbox import REFUND_WITHIN_DAYS, offset_now, read_state
from feiqian.infra.settings import Settings


def wechatpay(settings: Settings, arguments: argparse.Namespace) -> int:
    """Run the WeChat Pay simulator until Ctrl-C, on the clock where the demo ended."""
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    offset = offset_now(read_state(settings.data_dir))
    program = [
        sys.executable, "-m", "feiqian.simulators.wechatpay",
        "--port", str(arguments.port), "--data-dir", str(settings.data_dir),
        "--clock-offset-s", str(offset.total_seconds()), "--refund-within-days", str(REFUND_WITHIN_DAYS),
    ]  # fmt: skip
    os.execv(sys.executable, program)
