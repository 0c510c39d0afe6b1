"""Credentials: proposed, tested, checked by another person, in force; never to be seen again."""

from pathlib import Path

import msgspec
import pytest

from feiqian.channels import NoticeRefused
from feiqian.connections import (
    ConnectionEvent,
    ConnectionNotOpen,
    ConnectionState,
    CredentialsPending,
    CredentialsUntested,
    Outcome,
    VersionState,
    VersionStateRefused,
    retire_version,
    rewrap_credentials,
)
from feiqian.connections.store import read_sealed
from feiqian.infra.database import Database, Transaction
from feiqian.infra.vault import KEY_FILE, SecretUnreadable, Vault, open_vault
from feiqian.kernel.errors import InvalidRequest
from feiqian.members import MakerChecks, PermissionMissing, ProposalClosed, ProposalState, read_proposal
from tests.channels import wechat
from tests.connections.office import CODE, SIGNER, Office, texts

SECRET_LINES = [wechat.API_V3_KEY, *wechat.private_pem("merchant").splitlines()[1:-1]]
NEW_SIGNER = ("stranger", "PUB_KEY_ID_NEW")
NEW_KEY = {"public_key_id": NEW_SIGNER[1], "public_key": wechat.public_pem(NEW_SIGNER[0])}


class TestNewCredentials:
    async def test_are_used_only_after_a_test_and_a_second_person(self, office: Office) -> None:
        version = await office.propose()
        assert (await office.connection()).state is ConnectionState.TESTING
        assert (await office.connection()).in_force is None

        tested = await office.probe(version.number)
        assert (tested.test_outcome, tested.state) == (Outcome.SUCCEEDED, VersionState.PROPOSED)
        assert (await office.connection()).in_force is None

        await office.approve(version)
        in_force = await office.version(1)
        assert (in_force.state, in_force.approved_by) == (VersionState.IN_FORCE, "陈财")
        connection = await office.connection()
        assert (connection.state, connection.in_force) == (ConnectionState.ACTIVE, 1)

    async def test_leave_a_line_for_every_step(self, office: Office) -> None:
        await office.connect()
        lines = [(line.event, line.actor) for line in reversed(await office.history())]
        assert lines == [
            (ConnectionEvent.CREATED, "安敏"),
            (ConnectionEvent.PROPOSED, "丁运"),
            (ConnectionEvent.PROBED, "丁运"),
            (ConnectionEvent.IN_FORCE, "陈财"),
        ]

    async def test_are_never_checked_by_their_maker(self, office: Office) -> None:
        version = await office.propose(office.admin)
        await office.probe(version.number)
        with pytest.raises(MakerChecks):
            await office.approve(version, office.admin)
        assert (await office.version(1)).state is VersionState.PROPOSED
        await office.approve(version, office.second)
        assert (await office.version(1)).state is VersionState.IN_FORCE

    async def test_need_the_role(self, office: Office) -> None:
        with pytest.raises(PermissionMissing, match="finance"):
            await office.propose(office.finance)
        assert await office.versions() == []
        version = await office.propose(office.admin)
        await office.probe(version.number)
        with pytest.raises(PermissionMissing, match="operations"):
            await office.approve(version, office.operations)
        assert (await office.version(1)).state is VersionState.PROPOSED

    async def test_are_not_put_in_force_without_a_test(self, office: Office) -> None:
        version = await office.propose()
        with pytest.raises(CredentialsUntested):
            await office.approve(version)
        assert (await office.version(1)).state is VersionState.PROPOSED
        async with office.database.reading() as tx:
            assert version.proposal is not None
            assert (await read_proposal(tx, version.proposal)).state is ProposalState.PROPOSED

    async def test_wait_for_those_before_to_be_decided(self, office: Office) -> None:
        await office.propose()
        with pytest.raises(CredentialsPending):
            await office.propose()
        assert len(await office.versions()) == 1

    async def test_are_decided_once(self, office: Office) -> None:
        version = await office.connect()
        with pytest.raises(ProposalClosed, match="approved"):
            await office.approve(version)

    async def test_that_are_rejected_are_never_used(self, office: Office) -> None:
        version = await office.propose()
        proposal = version.proposal
        assert proposal is not None
        await office.database.run(
            lambda tx: office.approvals.reject(
                tx, now=office.clock.now(), id=proposal, checker=office.finance, note="商户号不对"
            )
        )
        assert (await office.version(1)).state is VersionState.REJECTED
        assert (await office.history())[0].detail["reason"] == "商户号不对"
        assert (await office.propose()).number == 2

    async def test_may_be_withdrawn_by_their_maker_only(self, office: Office) -> None:
        version = await office.propose()
        proposal = version.proposal
        assert proposal is not None
        with pytest.raises(InvalidRequest, match="reject it instead"):
            await office.database.run(
                lambda tx: office.approvals.withdraw(
                    tx, now=office.clock.now(), id=proposal, maker=office.admin
                )
            )
        await office.database.run(
            lambda tx: office.approvals.withdraw(
                tx, now=office.clock.now(), id=proposal, maker=office.operations
            )
        )
        assert (await office.version(1)).state is VersionState.WITHDRAWN

    @pytest.mark.parametrize(
        ("field", "text"),
        [
            ("merchant_private_key", "-----BEGIN PRIVATE KEY-----\nbm90IGEga2V5\n-----END PRIVATE KEY-----"),
            ("public_key", "no key"),
            ("platform_certificates", "no certificate"),
            ("api_v3_key", "too short"),
            ("mchid", ""),
            ("base_url", "ftp://somewhere"),
            ("colour", "green"),
        ],
    )
    async def test_that_cannot_be_read_are_refused_by_their_field(
        self, field: str, text: str, office: Office
    ) -> None:
        with pytest.raises(InvalidRequest) as caught:
            await office.propose(**{field: text})
        assert field in str(caught.value.facts["field"])
        assert text == "" or text not in str(caught.value)
        assert await office.versions() == []


class TestATest:
    async def test_that_fails_keeps_the_version_before(self, office: Office) -> None:
        await office.connect()
        live = await office.live()
        before = live.get(CODE)
        version = await office.propose(mchid="1900009999")
        refusal = {"code": "SIGN_ERROR", "message": "签名错误"}
        office.server.answers(wechat.answer(refusal, status=401))
        tested = await office.desk.probe(office.actor(office.operations), code=CODE, number=2)
        assert tested.test_outcome is Outcome.FAILED
        assert "SIGN_ERROR" in (tested.test_detail or "")
        with pytest.raises(CredentialsUntested):
            await office.approve(version)
        await live.refresh()
        assert (await office.connection()).in_force == 1
        assert live.get(CODE) is before

    async def test_without_an_answer_says_so(self, office: Office) -> None:
        version = await office.propose(base_url="http://127.0.0.1:9")
        tested = await office.desk.probe(office.actor(office.operations), code=CODE, number=version.number)
        assert tested.test_outcome in (Outcome.FAILED, Outcome.UNKNOWN)
        assert tested.test_detail

    async def test_hides_a_secret_that_the_channel_quotes(self, office: Office) -> None:
        version = await office.propose()
        quoting = {"code": "PARAM_ERROR", "message": f"bad key {wechat.API_V3_KEY}"}
        office.server.answers(wechat.answer(quoting, status=400))
        tested = await office.desk.probe(office.actor(office.operations), code=CODE, number=version.number)
        assert "bad key •••" in (tested.test_detail or "")
        assert wechat.API_V3_KEY not in await office.every_row()

    async def test_of_a_draft_has_nothing_to_test(self, office: Office) -> None:
        with pytest.raises(ConnectionNotOpen, match="no credentials"):
            await office.desk.probe(office.actor(office.operations), code=CODE)


class TestASecret:
    async def test_stands_in_no_row_and_in_no_log(
        self, office: Office, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
    ) -> None:
        await office.connect()
        await office.live()
        written = capfd.readouterr()
        texts_seen = [await office.every_row(), written.out, written.err, caplog.text]
        for line in SECRET_LINES:
            assert not any(line in text for text in texts_seen)
            assert not any(line.encode().hex() in text for text in texts_seen)

    async def test_is_shown_by_its_ending_and_keys_by_their_fingerprints(self, office: Office) -> None:
        shown = {field.name: field for field in (await office.connect()).shown}
        assert shown["mchid"].value == wechat.MCHID
        assert shown["api_v3_key"].ending == wechat.API_V3_KEY[-4:]
        assert shown["api_v3_key"].value is None
        key = shown["merchant_private_key"]
        assert (key.value, key.ending, len(key.fingerprint or "")) == (None, None, 64)
        (certificate,) = shown["platform_certificates"].certificates
        assert certificate.serial_no == wechat.CERTIFICATE_SERIAL
        assert (await office.version(1)).expires_at == certificate.expires_at

    async def test_of_another_row_does_not_open(self, office: Office) -> None:
        await office.connect()
        await office.create("wechatpay-2")
        await office.connect("wechatpay-2", mchid="1900000222")
        swapped = await office.database.run(swap)
        assert swapped == 2
        live = await office.live()
        for code in (CODE, "wechatpay-2"):
            with pytest.raises(ConnectionNotOpen, match="another row"):
                live.get(code)

    async def test_that_was_tampered_with_closes_its_connection_only(self, office: Office) -> None:
        await office.connect()
        await office.create("wechatpay-2")
        await office.connect("wechatpay-2", mchid="1900000222")
        await office.database.run(
            lambda tx: tx.execute(
                "UPDATE connections.version SET sealed = set_byte(sealed, length(sealed) - 1,"
                " (get_byte(sealed, length(sealed) - 1) + 1) % 256)"
                " WHERE connection = (SELECT id FROM connections.connection WHERE code = 'wechatpay-2')"
            )
        )
        live = await office.live()
        assert live.get(CODE).identity.mchid == wechat.MCHID
        with pytest.raises(ConnectionNotOpen, match="changed"):
            live.get("wechatpay-2")

    async def test_does_not_open_with_another_master_key(self, office: Office, tmp_path: Path) -> None:
        await office.connect()
        current = office.vault.current
        (tmp_path / KEY_FILE).unlink()
        office.vault = open_vault(key_file=None, data_dir=tmp_path)
        live = await office.live()
        with pytest.raises(ConnectionNotOpen, match=current):
            live.get(CODE)


async def swap(tx: Transaction) -> int:
    """Lay each connection's ciphertext under the other's row."""
    return await tx.execute(
        "UPDATE connections.version v SET sealed = w.sealed FROM connections.version w"
        " WHERE w.connection <> v.connection"
    )


class TestRotation:
    async def test_keeps_the_version_before_for_late_notices(self, office: Office) -> None:
        await office.connect()
        await office.connect(signed_by=NEW_SIGNER, **NEW_KEY)
        assert [each.state for each in await office.versions()] == [VersionState.IN_FORCE, VersionState.KEPT]
        live = await office.live()
        body = wechat.envelope(wechat.transaction())
        for key, serial in (SIGNER, NEW_SIGNER):
            headers = wechat.signed(body, key=key, serial=serial)
            notice = live.read_notice(CODE, headers=headers, body=body, now=office.clock.now())
            assert [payment.out_trade_no for payment in notice.payments] == ["order-000001"]

    async def test_ends_when_the_version_before_is_retired(self, office: Office) -> None:
        await office.connect()
        await office.connect(signed_by=NEW_SIGNER, **NEW_KEY)
        await office.database.run(
            lambda tx: retire_version(
                tx,
                now=office.clock.now(),
                actor=office.actor(office.operations),
                code=CODE,
                number=1,
                reason="旧证书已作废",
            )
        )
        live = await office.live()
        body = wechat.envelope(wechat.transaction())
        headers = wechat.signed(body)
        with pytest.raises(NoticeRefused, match="serial"):
            live.read_notice(CODE, headers=headers, body=body, now=office.clock.now())

    async def test_never_retires_what_is_in_force(self, office: Office) -> None:
        await office.connect()
        with pytest.raises(VersionStateRefused):
            await office.database.run(
                lambda tx: retire_version(
                    tx,
                    now=office.clock.now(),
                    actor=office.actor(office.operations),
                    code=CODE,
                    number=1,
                    reason="误点",
                )
            )
        assert (await office.version(1)).state is VersionState.IN_FORCE

    async def test_of_the_master_key_wraps_every_version(self, office: Office, tmp_path: Path) -> None:
        await office.connect()
        await office.connect(mchid="1900000222")
        new = office.vault.add_key()
        count = await office.database.run(lambda tx: rewrap_credentials(tx, vault=office.vault))
        assert count == 2
        assert {each.key_id for each in await office.versions()} == {new}
        path = tmp_path / KEY_FILE
        path.write_text(path.read_text().splitlines()[0] + "\n")
        office.vault = Vault(path)
        assert (await office.live()).get(CODE).identity.mchid == "1900000222"

    async def test_of_the_master_key_changes_nothing_when_a_row_does_not_open(self, office: Office) -> None:
        await office.connect()
        await office.connect(mchid="1900000222")
        await office.database.run(
            lambda tx: tx.execute("UPDATE connections.version SET sealed = '\\x00' WHERE number = 2")
        )
        old = office.vault.current
        office.vault.add_key()
        with pytest.raises(SecretUnreadable):
            await office.database.run(lambda tx: rewrap_credentials(tx, vault=office.vault))
        assert {each.key_id for each in await office.versions()} == {old}


class TestSealedCredentials:
    async def test_hold_the_whole_config(self, office: Office, database: Database) -> None:
        version = await office.connect()
        async with database.reading() as tx:
            row = await read_sealed(tx, version.connection, 1)
        assert row is not None
        place = f"connections.version/1/{version.connection.hex}/1"
        config = msgspec.json.decode(office.vault.open(row.sealed, bound_to=place))
        given = texts(office.server)
        assert config["api_v3_key"] == given["api_v3_key"]
        assert config["platform_certificates"] == {
            wechat.CERTIFICATE_SERIAL: given["platform_certificates"].strip()
        }
