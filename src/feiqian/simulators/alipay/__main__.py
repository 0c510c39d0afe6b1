"""``python -m feiqian.simulators.alipay``: Alipay's open API on loopback, with a cashier and a buyer's phone."""

import argparse
import sys
from datetime import timedelta
from decimal import Decimal, InvalidOperation

from feiqian.simulators.alipay.app import build, look_at_the_clock_forever, open_simulator
from feiqian.simulators.kit.process import clock_setting, parser, run, serve


def main() -> int:
    """Run until SIGTERM. Prints one line, ``ready http://…``, when requests are taken."""
    options = _options()

    async def serving() -> None:
        within = timedelta(days=options.refund_within_days)
        simulator = open_simulator(options.data_dir, clock_setting(options), options.fee_rate, within)
        workers = [simulator.callbacks.deliver_forever(), look_at_the_clock_forever(simulator)]
        await serve(build(simulator), simulator.sandbox, options, workers=workers)

    return run(serving)


def _options() -> argparse.Namespace:
    made = parser(
        name="alipay",
        description="A stand-in for Alipay's open API. Open /phone in a browser to pay as the buyer.",
        port=9081,
    )
    made.add_argument(
        "--fee-rate",
        type=_rate,
        default=Decimal("0.006"),
        help="the channel's fee, 0.006 for 0.6%% (default)",
    )
    made.add_argument(
        "--refund-within-days",
        type=int,
        default=365,
        help="how old a payment may be refunded before it is TRADE_FINISHED (default 365)",
    )
    return made.parse_args()


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
