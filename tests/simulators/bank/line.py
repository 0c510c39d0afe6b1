"""A terminal at the bank's socket front, written from the documents: its own field tables, MACs by other libraries."""

import socket
from typing import Any

import iso8583
from Crypto.Cipher import DES, DES3
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import SM4
from cryptography.hazmat.primitives.ciphers.modes import CBC, ECB
from tests.simulators.bank.platform import PATIENCE_S, Bank

TPDU = bytes.fromhex("6000030000")


def _bcd(digits: int, length_bytes: int = 0, pad: str = "left") -> dict[str, Any]:
    field = {"data_enc": "b", "len_enc": "bcd", "len_type": length_bytes, "max_len": digits}
    return field | {"len_count": "nibbles", f"{pad}_pad": "0", "desc": ""}


def _text(longest: int, length_bytes: int = 0, length: str = "bcd") -> dict[str, Any]:
    return {"data_enc": "gbk", "len_enc": length, "len_type": length_bytes, "max_len": longest, "desc": ""}


def _binary(longest: int, length_bytes: int = 0, length: str = "bcd") -> dict[str, Any]:
    return {"data_enc": "b", "len_enc": length, "len_type": length_bytes, "max_len": longest, "desc": ""}


def _ascii(digits: int, length_bytes: int = 0) -> dict[str, Any]:
    return {"data_enc": "ascii", "len_enc": "ascii", "len_type": length_bytes, "max_len": digits, "desc": ""}


BCD: dict[str, dict[str, Any]] = {
    "h": _binary(6),
    "t": _binary(2),
    "p": _binary(8),
    "1": _binary(8),
    "2": _bcd(19, 1, "right"),
    **{str(number): _bcd(digits) for number, digits in ((3, 6), (4, 12), (7, 10), (11, 6), (12, 6), (13, 4))},
    "37": _text(12),
    "39": _text(2),
    "41": _text(8),
    "42": _text(15),
    "44": _text(60, 1),
    "48": _text(34, 2),
    "49": _text(3),
    "54": _text(40, 2),
    "57": _text(14, 2),
    "58": _text(200, 2),
    "59": _text(140, 2),
    "60": _bcd(11, 2, "right"),
    "61": _bcd(16, 2, "right"),
    "62": _binary(40, 2),
    "64": _binary(8),
}
ASCII: dict[str, dict[str, Any]] = {
    "h": _ascii(0),
    "t": _ascii(4),
    "p": _binary(8, 0, "ascii"),
    "1": _binary(8, 0, "ascii"),
    **{
        str(number): _ascii(digits)
        for number, digits in ((3, 6), (4, 12), (7, 10), (11, 6), (12, 6), (13, 4))
    },
    "37": _ascii(12),
    "39": _ascii(2),
    "41": _ascii(8),
    "42": _ascii(15),
    "44": _text(60, 2, "ascii"),
    "48": _text(140, 3, "ascii"),
    "49": _ascii(3),
    "54": _ascii(120, 3),
    "62": _binary(40, 3, "ascii"),
    "70": _ascii(3),
    "90": _ascii(42),
    "100": _ascii(14, 2),
    "102": _ascii(34, 2),
    "103": _ascii(34, 2),
    "104": _text(200, 3, "ascii"),
    "128": _binary(8, 0, "ascii"),
}


class Line:
    """One connection. ``profile`` is bcd or ascii."""

    def __init__(self, bank: Bank, profile: str = "bcd") -> None:
        self.bank = bank
        self.is_bcd = profile == "bcd"
        self.specification = BCD if self.is_bcd else ASCII
        self.key = b""
        self._socket = socket.create_connection(("127.0.0.1", bank.socket_port), PATIENCE_S)

    def close(self) -> None:
        self._socket.close()

    def send_bytes(self, content: bytes) -> None:
        self._socket.sendall(content)

    def receive_bytes(self, timeout_s: float = PATIENCE_S) -> bytes:
        """One frame without its length; empty when the bank hung up. Raises: TimeoutError."""
        self._socket.settimeout(timeout_s)
        head = self._exactly(2)
        return self._exactly(int.from_bytes(head, "big")) if head else b""

    def send(self, fields: dict[str, str], *, key: bytes | None = None) -> None:
        """A request, sealed with the session's key when there is one (but not network management)."""
        key = self.key if key is None else key
        whole = {"41": self.bank.credentials["terminal"], "42": self.bank.credentials["merchant"]} | fields
        mac_field = "64" if self.is_bcd else "128"
        is_sealed = bool(key) and not fields["t"].startswith("08")
        if self.is_bcd:
            whole["h"] = "603100310730"
        if is_sealed:
            whole[mac_field] = "0" * 16
        encoded, _ = iso8583.encode(whole, self.specification)
        body = bytes(encoded)
        if is_sealed:
            body = body[:-8] + self.mac(key, body[6 if self.is_bcd else 0 : -8])
        content = TPDU + body
        self.send_bytes(len(content).to_bytes(2, "big") + content)

    def receive(self, timeout_s: float = PATIENCE_S, *, check: bool = True) -> dict[str, str]:
        """An answer whose MAC must hold."""
        content = self.receive_bytes(timeout_s)
        assert content[:5] == bytes.fromhex("6000000003"), "sender and receiver are exchanged"
        fields, _ = iso8583.decode(content[5:], self.specification)
        sealed = content[5 + (6 if self.is_bcd else 0) : -8]
        if check and self.key and not fields["t"].startswith("08"):
            assert fields["64" if self.is_bcd else "128"] == self.mac(self.key, sealed).hex().upper()
        return dict(fields)

    def ask(self, fields: dict[str, str]) -> dict[str, str]:
        self.send(fields)
        return self.receive()

    def manage(self, code: str, stan: str = "000001") -> dict[str, str]:
        """Network management: 001 sign-on, 002 sign-off, 101 key exchange, 301 echo."""
        place = {"60": f"00000001{code}"} if self.is_bcd else {"70": code, "7": "0302120000"}
        return self.ask({"t": "0800", "11": stan, **place})

    def sign_on(self) -> None:
        """Sign on and take the MAC key."""
        answer = self.manage("001")
        if not self.is_bcd:
            answer = self.manage("101")
        assert answer["39"] == "00", answer
        self.key = self.unwrapped(bytes.fromhex(answer["62"]))

    def unwrapped(self, wrapped: bytes) -> bytes:
        """The key under the master key; its check value must hold."""
        master = bytes.fromhex(self.bank.credentials["master_key"])
        if self.is_bcd:
            key = DES3.new(master, DES3.MODE_ECB).decrypt(wrapped[:16])
            check = DES3.new(key, DES3.MODE_ECB).encrypt(bytes(8))
        else:
            decryptor = Cipher(SM4(master), ECB()).decryptor()
            key = decryptor.update(wrapped[:16])
            check = Cipher(SM4(key), ECB()).encryptor().update(bytes(16))
        assert wrapped[16:] == check[:4]
        return key

    def mac(self, key: bytes, message: bytes) -> bytes:
        """ANSI X9.19 for bcd, CBC-MAC with SM4 for ascii."""
        if self.is_bcd:
            last = DES.new(key[:8], DES.MODE_CBC, bytes(8)).encrypt(message + bytes(-len(message) % 8))[-8:]
            middle = DES.new(key[8:], DES.MODE_ECB).decrypt(last)
            return DES.new(key[:8], DES.MODE_ECB).encrypt(middle)
        encryptor = Cipher(SM4(key), CBC(bytes(16))).encryptor()
        return encryptor.update(message + bytes(-len(message) % 16))[-16:-8]

    def transfer(self, stan: str, amount_fen: int = 10_000, **changes: str) -> dict[str, str]:
        """The fields of a payout; ``changes`` of debit, credit, name, bank, type."""
        facts = {
            "debit": "1100123409000012345",
            "credit": "6217000010000000001",
            "name": "李雷",
            "bank": "105100000017",
            "type": "0200",
        } | changes
        places = ("48", "2", "59", "57", "58") if self.is_bcd else ("102", "103", "48", "100", "104")
        values = (facts["debit"], facts["credit"], facts["name"], facts["bank"], "货款")
        return {
            "t": facts["type"],
            "3": "400000",
            "4": f"{amount_fen:012d}",
            "11": stan,
            "12": "120000",
            "13": "0302",
            "49": "156",
            **dict(zip(places, values, strict=True)),
        }

    def about(self, original_stan: str, stan: str, **fields: str) -> dict[str, str]:
        """The fields of a message that names an earlier one of the same day."""
        if self.is_bcd:
            place = {"61": f"000001{original_stan}0302"}
        else:
            place = {"90": f"0200{original_stan}0302120000{'0' * 22}"}
        return {"t": "0400", "11": stan, "12": "120100", "13": "0302", **place, **fields}

    def _exactly(self, size: int) -> bytes:
        content = b""
        while len(content) < size:
            part = self._socket.recv(size - len(content))
            if not part:
                return b""
            content += part
        return content
