"""What the bank remembers of a terminal: whether it signed on, and the key of its messages."""

import secrets

import msgspec

from feiqian.simulators.bank.context import Bank
from feiqian.simulators.bank.socket.mac import KEY_BYTES, wrap_key


class Terminal(msgspec.Struct, frozen=True):
    """One terminal's session; it outlives connections and the process."""

    signed_on: bool = False
    mac_key: str = ""
    """Hexadecimal; empty before the first exchange."""


def terminal_named(bank: Bank, number: str) -> Terminal | None:
    """The terminal of the platform, or None for a number that the bank did not give out."""
    if number != bank.keys.credentials.terminal:
        return None
    kept = bank.books.setting(f"terminal {number}")
    return Terminal() if kept is None else msgspec.json.decode(kept, type=Terminal)


def sign(bank: Bank, number: str, *, on: bool) -> None:
    """Remember that the terminal signed on or off. Only inside ``atomically``."""
    known = terminal_named(bank, number) or Terminal()
    _keep(bank, number, msgspec.structs.replace(known, signed_on=on))


def new_key(bank: Bank, number: str) -> str:
    """A new MAC key, valid from the next message on; under the master key, hexadecimal. Only inside ``atomically``."""
    key = secrets.token_bytes(KEY_BYTES)
    known = terminal_named(bank, number) or Terminal()
    _keep(bank, number, msgspec.structs.replace(known, mac_key=key.hex()))
    master_key = bytes.fromhex(bank.keys.credentials.master_key)
    return wrap_key(bank.codec.profile.mac.algorithm, master_key, key).hex().upper()


def _keep(bank: Bank, number: str, terminal: Terminal) -> None:
    bank.books.keep_setting(f"terminal {number}", msgspec.json.encode(terminal).decode())
