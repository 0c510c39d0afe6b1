"""``python -m feiqian.simulators.bank``: a bank on loopback with three fronts."""

import argparse
import sys
from pathlib import Path

from feiqian.simulators.bank.app import run_bank
from feiqian.simulators.bank.profile import SANDBOX_BANK
from feiqian.simulators.bank.socket.profile import socket_profiles
from feiqian.simulators.kit.process import parser, run


def main() -> int:
    """Run until SIGTERM. Prints ``ready http://… tcp://…`` when requests are taken; with TLS a third place."""
    options = _options()
    return run(lambda: run_bank(options))


def _options() -> argparse.Namespace:
    made = parser(
        name="bank",
        description="A stand-in for a bank: ISO 20022 and SOAP over HTTP, ISO 8583 over a socket.",
        port=9083,
    )
    made.add_argument(
        "--profile",
        type=Path,
        default=SANDBOX_BANK,
        help="what bank it is (default: profile.toml beside this module)",
    )
    made.add_argument("--tcp-port", type=int, default=0, help="port of the socket front, 0 for any (default)")
    made.add_argument(
        "--socket-profile",
        default="bcd",
        help=f"packing, fields and MAC of the socket front: {', '.join(socket_profiles())}, or a file (default bcd)",
    )
    made.add_argument("--tls", action="store_true", help="serve HTTPS too, with a certificate of the sandbox")
    made.add_argument("--mutual-tls", action="store_true", help="HTTPS only for the platform's certificate")
    made.add_argument("--tls-port", type=int, default=0, help="port of HTTPS, 0 for any (default)")
    return made.parse_args()


if __name__ == "__main__":
    sys.exit(main())
