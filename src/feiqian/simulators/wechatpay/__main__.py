"""``python -m feiqian.simulators.wechatpay``: WeChat Pay API v3 on loopback, with a buyer's phone."""

import argparse
import asyncio
import logging
import sys
from datetime import datetime, timedelta
from decimal import Decimal, InvalidOperation
from pathlib import Path

import uvloop

from feiqian.simulators.wechatpay.app import open_simulator, serve
from feiqian.simulators.wechatpay.books import InUse
from feiqian.simulators.wechatpay.clock import ClockSetting


def main() -> int:
    """Run until SIGTERM. Prints one line, ``ready http://…``, when requests are taken."""
    options = _options()
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    setting = None
    if options.clock is not None:
        setting = ClockSetting(now=options.clock)
    elif options.clock_offset_s is not None:
        setting = ClockSetting(offset_s=options.clock_offset_s)

    async def run() -> None:
        within = timedelta(days=options.refund_within_days)
        simulator = open_simulator(options.data_dir, setting, options.fee_rate, within)
        await serve(simulator, options.host, options.port, lambda url: print(f"ready {url}", flush=True))

    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(run())
    except (InUse, OSError) as error:
        print(f"cannot start: {error}", file=sys.stderr)
        return 1
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m feiqian.simulators.wechatpay",
        description="A stand-in for WeChat Pay API v3. Open /phone in a browser to pay as the buyer.",
    )
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default 127.0.0.1)")
    parser.add_argument("--port", type=int, default=9080, help="port to listen on, 0 for any (default 9080)")
    parser.add_argument(
        "--data-dir",
        type=Path,
        required=True,
        help="directory in which wechatpay-sandbox/ keeps the credentials and the books",
    )
    clock = parser.add_mutually_exclusive_group()
    clock.add_argument(
        "--clock-offset-s", type=float, help="run this many seconds ahead of the system's time"
    )
    clock.add_argument(
        "--clock", type=_moment, help="stand at this moment, such as 2010-12-01T08:00:00+08:00"
    )
    parser.add_argument(
        "--fee-rate",
        type=_rate,
        default=Decimal("0.0038"),
        help="the channel's fee, 0.0038 for 0.38%% (default)",
    )
    parser.add_argument(
        "--refund-within-days",
        type=int,
        default=365,
        help="how old a payment may be refunded (default 365, as in reality)",
    )
    return parser.parse_args()


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"not a moment: {text}") from error
    if moment.tzinfo is None:
        raise argparse.ArgumentTypeError("needs a zone, such as Z or +08:00")
    return moment


def _rate(text: str) -> Decimal:
    try:
        rate = Decimal(text)
    except InvalidOperation as error:
        raise argparse.ArgumentTypeError(f"not a number: {text}") from error
    if not 0 <= rate < 1:
        raise argparse.ArgumentTypeError("must be at least 0 and below 1")
    return rate


if __name__ == "__main__":
    sys.exit(main())
