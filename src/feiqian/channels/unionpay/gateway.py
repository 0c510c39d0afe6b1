"""One merchant's wire to UnionPay: sign, post, and believe an answer only with UnionPay's signature and about what was asked."""

from collections.abc import Mapping
from datetime import datetime

from feiqian.channels.errors import NoticeFault
from feiqian.channels.unionpay.config import UnionPayConfig
from feiqian.channels.unionpay.errors import (
    SUCCESS,
    UNANSWERED,
    UNREACHABLE,
    UNREADABLE,
    UNTRUSTED,
    error_of,
    meaning_of,
)
from feiqian.channels.unionpay.messages import read_answer, txn_time, write_form
from feiqian.infra.http import HttpClient, HttpUnknown, HttpUnreachable

CALL_TIMEOUT_S = 30.0
"""UnionPay waits for the bank behind it; its SDK waits thirty seconds for UnionPay."""
ANSWER_BYTES_MAX = 1_000_000
FILE_TIMEOUT_S = 300.0
FILE_BYTES_MAX = 200_000_000
"""A settlement file compressed and in base64: millions of lines."""
BACK, QUERY, BATCH = (f"/gateway/api/{name}.do" for name in ("backTransReq", "queryTrans", "batchTrans"))
FRONT = "/gateway/api/frontTransReq.do"

_WITHOUT_CHANNEL = frozenset({"00", "76"})
"""txnType of what only asks: a query, a file."""
_ECHOED = ("merId", "orderId", "txnTime", "batchNo", "settleDate", "origQryId")
"""Fields that an answer repeats; one with another value belongs to another question."""


class Gateway:
    """What all calls of one merchant have in common. Keys are parsed here, once.

    Raises: InvalidRequest naming the setting that is wrong.
    """

    def __init__(self, *, config: UnionPayConfig, http: HttpClient, timeout_s: float) -> None:
        config.check()
        self.mer_id = config.mer_id
        self.silent_url = config.silent_url
        self.encrypting = config.encrypting()
        self._http = http
        self._timeout_s = timeout_s
        self._base_url = config.base_url.rstrip("/")
        self._file_url = config.file_url.rstrip("/")
        self._signer = config.signer()
        self._chain = config.chain()

    def common(self, kind: str, sub_type: str, biz_type: str, *, at: datetime) -> dict[str, str]:
        """What every message of ours has. ``at`` is the transaction's own time, the same in every repetition."""
        channel = {} if kind in _WITHOUT_CHANNEL else {"channelType": "07"}
        return {
            **channel,
            "version": "5.1.0",
            "encoding": "UTF-8",
            "signMethod": "01",
            "txnType": kind,
            "txnSubType": sub_type,
            "bizType": biz_type,
            "accessType": "0",
            "merId": self.mer_id,
            "txnTime": txn_time(at),
        }

    def front_form(self, fields: Mapping[str, str]) -> tuple[str, dict[str, str]]:
        """(address, signed fields) for the buyer's browser to post."""
        return self._base_url + FRONT, self._signer.signed(fields)

    def fault(self, fields: Mapping[str, str], *, now: datetime) -> NoticeFault | None:
        """Why a message is not believed; None when it is."""
        return self._chain.fault(fields, now=now)

    async def call(
        self,
        path: str,
        fields: Mapping[str, str],
        *,
        now: datetime,
        payout: bool = False,
        bytes_max: int = ANSWER_BYTES_MAX,
    ) -> dict[str, str]:
        """The fields of an answer that says success. Raises: ChannelFailed, ChannelUnknown."""
        answer = await self._post(
            self._base_url + path, fields, now=now, timeout_s=self._timeout_s, bytes_max=bytes_max
        )
        return _succeeded(answer, payout=payout)

    async def download(self, fields: Mapping[str, str], *, now: datetime) -> dict[str, str]:
        """The fields of an answer of the host for files. Raises: ChannelFailed, ChannelUnknown."""
        answer = await self._post(
            f"{self._file_url}/", fields, now=now, timeout_s=FILE_TIMEOUT_S, bytes_max=FILE_BYTES_MAX
        )
        return _succeeded(answer)

    async def _post(
        self, url: str, fields: Mapping[str, str], *, now: datetime, timeout_s: float, bytes_max: int
    ) -> dict[str, str]:
        try:
            answer = await self._http.request(
                method="POST",
                url=url,
                headers={
                    "Content-Type": "application/x-www-form-urlencoded;charset=UTF-8",
                    "User-Agent": "feiqian",
                },
                body=write_form(self._signer.signed(fields)),
                timeout_s=timeout_s,
                response_bytes_max=bytes_max,
            )
        except HttpUnreachable as error:
            raise error_of(UNREACHABLE, message=str(error)) from error
        except HttpUnknown as error:
            raise error_of(UNANSWERED, message=str(error)) from error
        if answer.status != 200 or not answer.body:
            raise error_of(UNANSWERED, message=f"HTTP {answer.status}, {len(answer.body)} bytes")
        try:
            said = read_answer(answer.body)
        except ValueError as error:
            raise error_of(UNREADABLE, message=str(error)) from error
        fault = self._chain.fault(said, now=now)
        if fault is not None:
            raise error_of(UNTRUSTED, code=fault.value, message=said.get("respMsg", ""))
        for name in _ECHOED:
            if name in fields and said.get(name, fields[name]) != fields[name]:
                raise error_of(UNREADABLE, message=f"the answer is about {name} {said[name]}")
        return said


def _succeeded(answer: dict[str, str], *, payout: bool = False) -> dict[str, str]:
    """Raises: ChannelFailed, ChannelUnknown unless the answer says success."""
    code = answer.get("respCode", "")
    if code not in SUCCESS:
        raise error_of(meaning_of(code, payout=payout), code=code, message=answer.get("respMsg", ""))
    return answer
