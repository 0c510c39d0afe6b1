"""What both bills share: asking for a day's file, generating it off the event loop, downloading it by a token.

Source: the merchant documentation's pages on applying for and downloading bills; the SDKs' sample of the file. Values
are not quoted: what separates them is a comma and a backtick.
"""

import asyncio
import gzip
import hashlib
import shutil
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import BinaryIO, Literal, NamedTuple

import msgspec
from aiohttp import web

from feiqian.kernel.calendar import business_date, local
from feiqian.simulators.kit import files
from feiqian.simulators.wechatpay.answers import Refused, answer, parameter_error
from feiqian.simulators.wechatpay.behaviour import BillMode
from feiqian.simulators.wechatpay.context import Simulator, of

READY_HOUR = 10
"""Beijing time, on the day after."""
KEPT_FOR = timedelta(days=92)
LINK_LIVES_MS = 5 * 60 * 1000


class Wanted(NamedTuple):
    """What every request for a bill says."""

    day: date
    packed: bool


def wanted(request: web.Request) -> Wanted:
    """The query's day and packing. Raises: Refused PARAM_ERROR."""
    query = request.query
    try:
        day = date.fromisoformat(query.get("bill_date", ""))
    except ValueError as error:
        raise parameter_error("/bill_date", "must look like 2019-06-11", "query") from error
    try:
        packed = msgspec.convert(query.get("tar_type", ""), Literal["", "GZIP"]) == "GZIP"
    except msgspec.ValidationError as error:
        raise parameter_error("/tar_type", str(error), "query") from error
    return Wanted(day, packed)


def mode_of_next(simulator: Simulator) -> BillMode:
    """How the next bill misbehaves; counts it."""
    return msgspec.convert(simulator.behaviour.take("bill"), BillMode)


async def offer(
    request: web.Request, asked: Wanted, mode: BillMode, name: str, write: Callable[[Path], int]
) -> web.Response:
    """Have the file written, and answer with its address. ``write`` returns how many lines there are.

    Raises: Refused, when the day has no bill yet, no longer, or never.
    """
    simulator = of(request)
    day = asked.day
    today = business_date(simulator.clock.now())
    if day >= today or day < today - KEPT_FOR:
        raise Refused(400, "INVALID_REQUEST", "账单日期无效，仅支持三个月内至昨日的账单")
    is_ready = simulator.clock.now() >= local(day + timedelta(days=1), READY_HOUR)
    if not is_ready or mode == "not_ready":
        raise Refused(400, "STATEMENT_CREATING", "账单生成中")
    await simulator.books.durable()
    path = simulator.directory / "bills" / f"{name}.csv"
    lines = 0 if mode == "missing" else await asyncio.to_thread(write, path)
    if lines == 0:
        raise Refused(400, "NO_STATEMENT_EXIST", "请求的账单文件不存在")
    digest = await asyncio.to_thread(_sha1, path)
    if asked.packed:
        await asyncio.to_thread(_pack, path)
    until_ms = simulator.clock.now_ms() + (-1 if mode == "expired_link" else LINK_LIVES_MS)
    token = files.token(simulator.keys.api_v3_key, path.name, until_ms)
    link = f"{request.scheme}://{request.host}/v3/billdownload/file?token={token}"
    return answer(
        {
            "hash_type": "SHA1",
            "hash_value": hashlib.sha1(digest.encode()).hexdigest() if mode == "bad_hash" else digest,
            "download_url": link + ("&tartype=gzip" if asked.packed else ""),
        }
    )


async def answer_download(request: web.Request) -> web.StreamResponse:
    """GET /v3/billdownload/file?token=…: signed by the merchant as any request; the answer carries no signature."""
    simulator = of(request)
    name = files.named_by(simulator.keys.api_v3_key, request.query.get("token", ""), simulator.clock.now_ms())
    if name is None:
        raise Refused(400, "INVALID_REQUEST", "账单下载地址无效或已过期，请重新申请")
    path = simulator.directory / "bills" / name
    if request.query.get("tartype") == "gzip":
        path = _packed(path)
    return web.FileResponse(path, headers={"Content-Type": "text/plain"})


def write_whole(path: Path, write: Callable[[BinaryIO], int], *, truncated: bool) -> int:
    """Put the file there when it is complete and has a line. Returns how many lines it has."""
    path.parent.mkdir(exist_ok=True)
    unfinished = path.with_suffix(".unfinished")
    with unfinished.open("wb") as file:
        lines = write(file)
        if truncated:
            file.truncate(file.tell() // 2)
    if lines:
        unfinished.replace(path)
    else:
        unfinished.unlink()
    return lines


def joined(values: list[str]) -> bytes:
    """A line of a bill."""
    return ("`" + ",`".join(values) + "\r\n").encode()


def flat(text: str) -> str:
    """A value must not hold what separates values or lines."""
    return " ".join(text.replace("`", "'").split())


def _sha1(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha1").hexdigest()


def _packed(path: Path) -> Path:
    return path.with_suffix(".gzip")


def _pack(path: Path) -> None:
    with path.open("rb") as plain, gzip.open(_packed(path), "wb") as packed:
        shutil.copyfileobj(plain, packed)
