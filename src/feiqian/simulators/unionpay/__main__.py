"""``python -m feiqian.simulators.unionpay``: the UnionPay gateway 5.1.0 on loopback, with its bank pages."""

import argparse
import sys
from decimal import Decimal, InvalidOperation

from feiqian.simulators.kit.process import parser, run, serve
from feiqian.simulators.unionpay.app import build, open_simulator
from feiqian.simulators.unionpay.reversals import REFUND_WITHIN_DAYS


def main() -> int:
    """Run until SIGTERM. Prints one line, ``ready http://…``, when requests are taken."""
    made = parser(
        name="unionpay",
        description="A stand-in for UnionPay's online gateway 5.1.0. Open /phone in a browser to pay as the buyer.",
        port=9082,
    )
    made.add_argument(
        "--fee-rate",
        type=_rate,
        default=Decimal("0.006"),
        help="the channel's fee on payments, 0.006 for 0.6%% (default)",
    )
    made.add_argument(
        "--refund-within-days",
        type=int,
        default=REFUND_WITHIN_DAYS,
        help=f"how old a payment may be refunded (default {REFUND_WITHIN_DAYS}, eleven months as in reality)",
    )
    options = made.parse_args()

    async def serving() -> None:
        simulator = open_simulator(options)
        deliver = simulator.callbacks.deliver_forever()
        await serve(build(simulator), simulator.sandbox, options, workers=[deliver])

    return run(serving)


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
