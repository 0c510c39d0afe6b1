"""What the server's settings say becomes a connection at start."""

from decimal import Decimal
from pathlib import Path

from feiqian.channels import ChannelKind, WechatPayConfig
from feiqian.connections import (
    ConnectionEvent,
    ConnectionState,
    Cost,
    Version,
    VersionState,
    import_connection,
)
from feiqian.infra.vault import KEY_FILE, open_vault
from tests.channels import wechat
from tests.connections.office import Office

CODE = "wechatpay-direct"


async def start(office: Office, config: WechatPayConfig | None = None) -> Version | None:
    """What a server does when it starts."""
    return await office.database.run(
        lambda tx: import_connection(
            tx,
            now=office.clock.now(),
            vault=office.vault,
            code=CODE,
            kind=ChannelKind.WECHATPAY,
            name="微信支付",
            config=config or wechat.config(office.server.base_url),
            cost=Cost(rate=Decimal("0.006")),
        )
    )


class TestAStart:
    async def test_makes_the_connection_that_the_settings_describe(self, office: Office) -> None:
        version = await start(office)
        assert version is not None
        assert (version.number, version.state, version.made_by) == (1, VersionState.IN_FORCE, "settings")
        connection = await office.connection(CODE)
        assert (connection.state, connection.cost_rate) == (ConnectionState.ACTIVE, Decimal("0.006"))
        assert (await office.live()).get(CODE).identity.mchid == wechat.MCHID

    async def test_again_changes_nothing(self, office: Office) -> None:
        await start(office)
        lines = await office.history(CODE)
        assert await start(office) == (await office.versions(CODE))[0]
        assert await office.history(CODE) == lines

    async def test_with_other_settings_makes_a_new_version(self, office: Office) -> None:
        await start(office)
        version = await start(office, wechat.config("http://127.0.0.1:2"))
        assert version is not None
        assert version.number == 2
        assert [each.state for each in await office.versions(CODE)] == [
            VersionState.IN_FORCE,
            VersionState.KEPT,
        ]
        assert (await office.history(CODE))[0].event is ConnectionEvent.IMPORTED

    async def test_does_not_undo_what_people_put_in_force(self, office: Office) -> None:
        await start(office)
        version = await office.connect(CODE, mchid="1900000222")
        assert await start(office, wechat.config("http://127.0.0.1:2")) == version
        assert (await office.connection(CODE)).in_force == 2

    async def test_lets_a_proposal_wait(self, office: Office) -> None:
        await start(office)
        await office.propose(code=CODE)
        version = await start(office, wechat.config("http://127.0.0.1:2"))
        assert version is not None
        assert version.number == 1
        assert len(await office.versions(CODE)) == 2

    async def test_with_a_lost_master_key_seals_the_settings_anew(
        self, office: Office, tmp_path: Path
    ) -> None:
        await start(office)
        (tmp_path / KEY_FILE).unlink()
        office.vault = open_vault(key_file=None, data_dir=tmp_path)
        version = await start(office)
        assert version is not None
        assert (version.number, version.key_id) == (2, office.vault.current)
        assert (await office.live()).get(CODE).identity.mchid == wechat.MCHID
