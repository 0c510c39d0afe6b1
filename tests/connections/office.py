"""The operator's staff, and what they do with a connection to WeChat Pay."""

import json
from typing import Any
from uuid import uuid4

import msgspec

from feiqian.channels import ChannelKind
from feiqian.connections import (
    PROCEDURE,
    Actor,
    Connection,
    ConnectionDesk,
    HistoryLine,
    LiveConnections,
    Version,
    create_connection,
    read_history,
    read_versions,
    require_connection,
)
from feiqian.infra.database import Database
from feiqian.infra.http import HttpClient
from feiqian.infra.vault import Vault
from feiqian.kernel.clock import Clock
from feiqian.members import Approvals, Proposal, Role, Staff
from feiqian.members.store import upsert_staff
from tests.channels import wechat
from tests.channels.wechat import Wechat

CODE = "wechatpay"
SIGNER = ("public_key", wechat.PUBLIC_KEY_ID)
"""The server's key and its id."""
PEOPLE = {
    "admin@feiqian.dev": ("安敏", Role.ADMIN),
    "second@feiqian.dev": ("白露", Role.ADMIN),
    "finance@feiqian.dev": ("陈财", Role.FINANCE),
    "operations@feiqian.dev": ("丁运", Role.OPERATIONS),
}


def texts(server: Wechat, **changes: str) -> dict[str, str]:
    """The credentials of the server's merchant, as a person types and pastes them."""
    given = {
        "mchid": wechat.MCHID,
        "appid": wechat.APPID,
        "merchant_serial_no": wechat.MERCHANT_SERIAL,
        "merchant_private_key": wechat.private_pem("merchant"),
        "api_v3_key": wechat.API_V3_KEY,
        "public_key_id": wechat.PUBLIC_KEY_ID,
        "public_key": wechat.public_pem("public_key"),
        "platform_certificates": wechat.certificate_pem("certificate", wechat.CERTIFICATE_SERIAL),
        "base_url": server.base_url,
    }
    return {**given, **changes}


class Office:
    """Makes, tests and approves; every member of staff by their role."""

    def __init__(
        self, *, database: Database, clock: Clock, vault: Vault, http: HttpClient, server: Wechat
    ) -> None:
        self.database = database
        self.clock = clock
        self.vault = vault
        self.http = http
        self.server = server
        self.approvals = Approvals()
        self.approvals.subscribe(PROCEDURE)
        self.desk = ConnectionDesk(
            database=database, vault=vault, http=http, clock=clock, approvals=self.approvals
        )
        self.admin: Staff
        self.second: Staff
        self.finance: Staff
        self.operations: Staff

    async def open(self) -> "Office":
        """Hire the staff and make a draft."""
        for email, (name, role) in PEOPLE.items():
            setattr(self, email.partition("@")[0], await self._hire(email, name, role))
        await self.create(CODE)
        return self

    async def create(self, code: str, name: str = "微信支付 直连") -> Connection:
        return await self.database.run(
            lambda tx: create_connection(
                tx,
                now=self.clock.now(),
                actor=self.actor(self.admin),
                code=code,
                kind=ChannelKind.WECHATPAY,
                name=name,
            )
        )

    async def propose(self, maker: Staff | None = None, /, code: str = CODE, **changes: str) -> Version:
        return await self.desk.propose(
            maker or self.operations, code=code, texts=texts(self.server, **changes), reason="新签合同"
        )

    async def probe(
        self, number: int | None = None, code: str = CODE, signed_by: tuple[str, str] = SIGNER
    ) -> Version:
        """Against a server that answers as WeChat Pay does for an order that does not exist."""
        absent = {"code": "ORDER_NOT_EXIST", "message": "订单不存在"}
        key, serial = signed_by
        headers = wechat.signed(json.dumps(absent, ensure_ascii=False).encode(), key=key, serial=serial)
        self.server.answers(wechat.answer(absent, status=404, headers=headers))
        return await self.desk.probe(self.actor(self.operations), code=code, number=number)

    async def approve(self, version: Version, checker: Staff | None = None) -> Proposal:
        assert version.proposal is not None
        proposal = version.proposal
        return await self.database.run(
            lambda tx: self.approvals.approve(
                tx, now=self.clock.now(), id=proposal, checker=checker or self.finance
            )
        )

    async def connect(self, code: str = CODE, signed_by: tuple[str, str] = SIGNER, **changes: str) -> Version:
        """Propose, test, approve: in force."""
        version = await self.propose(code=code, **changes)
        await self.probe(version.number, code, signed_by)
        await self.approve(version)
        return await self.version(version.number, code)

    async def connection(self, code: str = CODE) -> Connection:
        async with self.database.reading() as tx:
            return await require_connection(tx, code)

    async def versions(self, code: str = CODE) -> list[Version]:
        """Newest first."""
        async with self.database.reading() as tx:
            return await read_versions(tx, (await require_connection(tx, code)).id)

    async def version(self, number: int, code: str = CODE) -> Version:
        return next(each for each in await self.versions(code) if each.number == number)

    async def history(self, code: str = CODE) -> list[HistoryLine]:
        """Newest first."""
        async with self.database.reading() as tx:
            return await read_history(tx, (await require_connection(tx, code)).id, limit=100)

    async def live(self, database: Database | None = None) -> LiveConnections:
        """What a running process has."""
        live = LiveConnections(database=database or self.database, vault=self.vault, http=self.http)
        await live.refresh()
        return live

    async def every_row(self) -> str:
        """All that the database holds of connections, proposals and staff, as text."""
        async with self.database.reading() as tx:
            rows: list[Any] = []
            for table in ("connection", "version", "event", "revision"):
                rows += await tx.tuples(f"SELECT t::text FROM connections.{table} t")
            for table in ("proposal", "proposal_step"):
                rows += await tx.tuples(f"SELECT t::text FROM members.{table} t")
        return msgspec.json.encode(rows).decode()

    def actor(self, staff: Staff) -> Actor:
        return Actor(staff.name, staff.id)

    async def _hire(self, email: str, name: str, role: Role) -> Staff:
        staff = Staff(id=uuid4(), email=email, name=name, role=role)
        await self.database.run(
            lambda tx: upsert_staff(
                tx,
                id=staff.id,
                email=email,
                name=name,
                role=role,
                password_hash="nobody signs in here",
                now=self.clock.now(),
            )
        )
        return staff
