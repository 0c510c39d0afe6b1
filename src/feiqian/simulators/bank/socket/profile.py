"""One bank's way with ISO 8583, read from a file beside this module."""

import tomllib
from pathlib import Path
from typing import Any, Literal

import msgspec

DIRECTORY = Path(__file__).parent

LENGTH_BYTES = {"bcd": {0: 0, 2: 1, 3: 2}, "ascii": {0: 0, 2: 2, 3: 3}}
"""How many bytes a length of 0, 2 or 3 digits takes."""


class Frame(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is around a message; the file explains each."""

    tpdu_id: str
    header: str
    message_max: int
    idle_s: float


class Packing(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How characters become bytes."""

    numbers: Literal["bcd", "ascii"]
    text: str
    bitmap: Literal["binary", "hex"]


class Mac(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How messages are sealed."""

    algorithm: Literal["x9.9", "x9.19", "cup-ecb", "sm4-cbc"]
    key_with_sign_on: bool


class Management(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Codes of network management messages."""

    sign_on: str
    sign_off: str
    key_exchange: str
    echo: str


class Processing(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Codes in field 3."""

    transfer: str
    balance: str
    status: str


class Where(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Numbers of the fields that differ from bank to bank."""

    credit_account: int
    debit_account: int
    payee_bank: int
    payee_name: int
    memo: int
    management: int
    original: int
    key: int
    mac: int


class FieldShape(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One field: its kind, digits of its length, greatest length, side on which an odd BCD digit is filled up."""

    kind: Literal["n", "a", "b"]
    length: Literal[0, 2, 3]
    max: int
    pad: Literal["left", "right"] = "left"


class SocketProfile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One bank's socket front."""

    frame: Frame
    packing: Packing
    mac: Mac
    management: Management
    processing: Processing
    where: Where
    layout: dict[str, list[tuple[str, int]]]
    fields: dict[str, FieldShape]

    def parts_of(self, name: str, value: str) -> dict[str, str]:
        """A field that is several things in a row, taken apart by its layout."""
        found: dict[str, str] = {}
        for part, length in self.layout[name]:
            found[part], value = value[:length], value[length:]
        return found

    def specification(self) -> dict[str, dict[str, Any]]:
        """For pyiso8583: every field with its encodings. The header is cut off before."""
        numbers = self.packing.numbers
        binary = {"data_enc": "b", "len_enc": numbers, "len_type": 0}
        type_field = {**binary, "max_len": 2} if numbers == "bcd" else _ascii(4)
        bitmap = {**binary, "max_len": 8} if self.packing.bitmap == "binary" else _ascii(16)
        made: dict[str, dict[str, Any]] = {"h": _ascii(0), "t": type_field, "p": bitmap, "1": dict(bitmap)}
        for number, shape in self.fields.items():
            field: dict[str, Any] = {
                "data_enc": self._encoding(shape),
                "len_enc": numbers,
                "len_type": LENGTH_BYTES[numbers][shape.length],
                "max_len": shape.max,
            }
            if shape.kind == "n" and numbers == "bcd":
                field |= {"len_count": "nibbles", f"{shape.pad}_pad": "0"}
            made[number] = field
        for entry in made.values():
            entry["desc"] = ""
        return made

    def _encoding(self, shape: FieldShape) -> str:
        if shape.kind == "a":
            return self.packing.text
        return "b" if shape.kind == "b" or self.packing.numbers == "bcd" else "ascii"


def socket_profiles() -> list[str]:
    """The names of the profiles there are."""
    return sorted(path.stem for path in DIRECTORY.glob("*.toml"))


def read_socket_profile(name: str) -> SocketProfile:
    """A profile by its name here, or by its path ``….toml``. Raises: OSError, msgspec.ValidationError."""
    path = Path(name) if name.endswith(".toml") else DIRECTORY / f"{name}.toml"
    return msgspec.convert(tomllib.loads(path.read_text("utf-8")), SocketProfile)


def _ascii(length: int) -> dict[str, Any]:
    return {"data_enc": "ascii", "len_enc": "ascii", "len_type": 0, "max_len": length}
