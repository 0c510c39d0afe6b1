"""Profiles from their texts: put together, checked, and refused with the place of the mistake.

``include`` names profiles whose tables are taken over; what stands in the including one wins, table by table. ``codes``
of the including one come first.
"""

import re
import tomllib
from importlib.resources import files
from typing import Any

import msgspec

from feiqian.channels.bank.errors import MEANINGS
from feiqian.channels.bank.forms import Parts
from feiqian.channels.bank.macs import MAC_SIZES, WRAPPINGS
from feiqian.channels.bank.profile import Profile
from feiqian.channels.bank.templates import unknown_names
from feiqian.kernel.errors import InvalidRequest

PROFILE_BYTES_MAX = 200_000
_NAME = re.compile(r"[a-z][a-z0-9-]{0,60}-[0-9]+")
_INCLUDES_MAX = 5


def read_profile(text: str) -> Profile:
    """A profile by the name of one that comes with the package, or from its whole text.

    Raises: InvalidRequest saying where the mistake is.
    """
    tables = _merged(_parsed(_named(text) if _NAME.fullmatch(text) else text), depth=0)
    try:
        profile = msgspec.convert(tables, Profile)
    except msgspec.ValidationError as error:
        raise _wrong(str(error)) from error
    _check(profile)
    return profile


def _named(name: str) -> str:
    place = files("feiqian.channels.bank").joinpath("profiles", f"{name}.toml")
    if not place.is_file():
        raise _wrong(f"there is no profile {name}")
    return place.read_text("utf-8")


def _parsed(text: str) -> dict[str, Any]:
    if len(text) > PROFILE_BYTES_MAX:
        raise _wrong("it is too long")
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise _wrong(str(error)) from error


def _merged(tables: dict[str, Any], *, depth: int) -> dict[str, Any]:
    base: dict[str, Any] = {}
    names = tables.get("include", [])
    if not isinstance(names, list) or depth > _INCLUDES_MAX:
        raise _wrong("include must be a list of names, and not go in circles")
    for name in names:
        if not isinstance(name, str) or not _NAME.fullmatch(name):
            raise _wrong(f"include: {name!r} is no name of a profile")
        base = _over(base, _merged(_parsed(_named(name)), depth=depth + 1))
    return _over(base, tables)


def _over(base: dict[str, Any], top: dict[str, Any]) -> dict[str, Any]:
    """Tables are merged, codes come first on top, everything else is replaced."""
    merged = dict(base)
    for name, value in top.items():
        under = base.get(name)
        if isinstance(value, dict) and isinstance(under, dict):
            merged[name] = _over(under, value)
        elif name == "codes" and isinstance(value, list) and isinstance(under, list):
            merged[name] = [*value, *under]
        else:
            merged[name] = value
    return merged


def _check(profile: Profile) -> None:
    if not _NAME.fullmatch(profile.name):
        raise _wrong("name must be lower case and end in a dash and a version, such as my-bank-1")
    for front in profile.fronts:
        if getattr(profile, front) is None:
            raise _wrong(f"functions name {front}, but there is no table [{front}]")
    if profile.https is None and profile.fronts != {"socket"}:
        raise _wrong("there is no table [https]")
    _check_fronts(profile)
    for row in profile.codes:
        if row.our_code not in MEANINGS:
            raise _wrong(f"codes: {row.our_code!r} is none of {', '.join(MEANINGS)}")
    for place, templates in _templates(profile):
        for template in templates:
            if unknown := unknown_names(template):
                raise _wrong(f"{place}: no value is called {', '.join(unknown)}")
    for pattern in (profile.texts.number, *(parts.number_pattern for parts in _entries(profile))):
        try:
            re.compile(pattern)
        except re.error as error:
            raise _wrong(f"{pattern!r} is no pattern: {error}") from error


def _check_fronts(profile: Profile) -> None:
    used, iso, soap = profile.functions, profile.iso20022, profile.soap
    needs = [
        ("iso20022", used.transfer, iso and iso.initiation and iso.status and iso.status_parts),
        ("iso20022", used.batch, iso and iso.initiation and iso.batch_status and iso.status_parts),
        ("iso20022", used.statement, iso and iso.statement and iso.statement_parts and iso.entries),
        (
            "iso20022",
            used.incoming,
            iso and iso.report and iso.report_parts and iso.statement_parts and iso.entries,
        ),
        ("iso20022", used.notices, iso and iso.notice_parts and iso.notice_no and iso.entries),
        ("soap", used.transfer, soap and soap.transfer and soap.query and soap.status_parts),
        ("soap", used.statement, soap and soap.statement and soap.statement_parts and soap.entries),
        ("soap", used.incoming, soap and soap.statement and soap.statement_parts and soap.entries),
    ]
    for front, named, there in needs:
        if named == front and not there:
            raise _wrong(f"[{front}] does not say all that [functions] needs of it")
    if used.incoming and profile.sub_accounts is None:
        raise _wrong("incoming money needs a table [sub_accounts]")
    line = profile.socket
    if line is not None:
        if line.on_timeout == "reverse" and line.reversal is None:
            raise _wrong("socket.on_timeout is reverse, but there is no table [socket.reversal]")
        if (
            line.mac.field not in line.fields
            or line.fields[line.mac.field].size != MAC_SIZES[line.mac.algorithm]
        ):
            raise _wrong("socket.mac.field must be a field of the size of the MAC")
        if line.mac.key_bytes != WRAPPINGS[line.mac.wrapping]:
            raise _wrong(f"socket.mac.key_bytes must be {WRAPPINGS[line.mac.wrapping]}")


def _entries(profile: Profile) -> list[Parts]:
    return [
        front.entries for front in (profile.iso20022, profile.soap) if front is not None and front.entries
    ]


def _templates(profile: Profile) -> list[tuple[str, list[str]]]:
    """Everything that is filled in, with its place."""
    found: list[tuple[str, list[str]]] = [("texts", [profile.texts.memo, profile.texts.refund_memo])]
    if profile.https is not None:
        signature = profile.https.signature
        found.append(("https", [profile.https.probe, signature.request, signature.answer]))
        found.append(("https.signature.request_headers", list(signature.request_headers.values())))
    if (iso := profile.iso20022) is not None:
        found.append(("iso20022", [iso.initiation, iso.status, iso.batch_status, iso.statement, iso.report]))
        found.append(("iso20022", [iso.message_no, iso.refund_message_no, iso.batch_message_no]))
        found.append(("iso20022", [template for _, template in (*iso.message, *iso.transaction_parts)]))
    if (line := profile.socket) is not None:
        messages = [
            *line.sign_on,
            line.echo,
            line.transfer,
            line.query,
            *([line.reversal] if line.reversal else []),
        ]
        found.append(("socket", [*line.common.values()]))
        found += [("socket", list(message.fields.values())) for message in messages]
    if (soap := profile.soap) is not None:
        for each in (soap.transfer, soap.query, soap.statement):
            found.append(("soap", [template for _, template in each.parameters] if each else []))
    return found


def _wrong(reason: str) -> InvalidRequest:
    return InvalidRequest(field="bank profile", reason=reason)
