"""Secrets at rest."""

import base64
import stat
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import msgspec
import pytest

from feiqian.infra.vault import (
    KEY_FILE,
    SecretUnreadable,
    Vault,
    VaultKeyUnusable,
    key_id_of,
    open_vault,
)

SECRET = "APIv3 密钥 0123456789abcdef".encode()
ROW = "connections.version/1/abc/1"


@pytest.fixture
def vault(tmp_path: Path) -> Vault:
    return open_vault(key_file=None, data_dir=tmp_path)


def flipped(sealed: bytes) -> Iterator[bytes]:
    """Every part of an envelope with one bit changed, and the envelope cut short."""
    parts = msgspec.msgpack.decode(sealed)
    for index, part in enumerate(parts):
        changed = list(parts)
        if isinstance(part, bytes):
            changed[index] = bytes([part[0] ^ 1]) + part[1:]
        elif isinstance(part, str):
            changed[index] = "0" * 16 if part != "0" * 16 else "1" * 16
        else:
            changed[index] = part + 1
        yield msgspec.msgpack.encode(changed)
    yield sealed[:-1]
    yield b""


class TestAVault:
    def test_gives_back_what_it_sealed(self, vault: Vault) -> None:
        assert vault.open(vault.seal(SECRET, bound_to=ROW), bound_to=ROW) == SECRET

    def test_keeps_nothing_in_the_clear(self, vault: Vault) -> None:
        assert SECRET[:6] not in vault.seal(SECRET, bound_to=ROW)

    def test_never_seals_the_same_way_twice(self, vault: Vault) -> None:
        assert vault.seal(SECRET, bound_to=ROW) != vault.seal(SECRET, bound_to=ROW)

    def test_does_not_open_a_secret_that_was_moved_to_another_row(self, vault: Vault) -> None:
        sealed = vault.seal(SECRET, bound_to=ROW)
        with pytest.raises(SecretUnreadable, match="another row"):
            vault.open(sealed, bound_to="connections.version/1/abc/2")

    def test_finds_every_changed_bit(self, vault: Vault) -> None:
        for changed in flipped(vault.seal(SECRET, bound_to=ROW)):
            with pytest.raises(SecretUnreadable):
                vault.open(changed, bound_to=ROW)

    def test_says_which_master_key_is_missing(self, vault: Vault, tmp_path: Path) -> None:
        other = open_vault(key_file=None, data_dir=tmp_path / "other")
        sealed = vault.seal(SECRET, bound_to=ROW)
        with pytest.raises(SecretUnreadable, match=f"master key {vault.current}"):
            other.open(sealed, bound_to=ROW)

    def test_says_nothing_of_its_keys(self, vault: Vault, tmp_path: Path) -> None:
        key = (tmp_path / KEY_FILE).read_text().strip()
        assert key not in repr(vault)
        assert key not in str(vault.seal(SECRET, bound_to=ROW))


class TestChangingTheMasterKey:
    def test_leaves_what_was_sealed_before_readable(self, vault: Vault) -> None:
        sealed, before = vault.seal(SECRET, bound_to=ROW), vault.current
        assert vault.add_key() != before
        assert vault.open(sealed, bound_to=ROW) == SECRET

    def test_wraps_anew_without_touching_the_secret(self, vault: Vault) -> None:
        sealed = vault.seal(SECRET, bound_to=ROW)
        vault.add_key()
        rewrapped = vault.rewrap(sealed, bound_to=ROW)
        assert key_id_of(rewrapped) == vault.current
        assert msgspec.msgpack.decode(rewrapped)[-1] == msgspec.msgpack.decode(sealed)[-1]
        assert vault.open(rewrapped, bound_to=ROW) == SECRET

    def test_is_noticed_by_a_process_that_is_running(self, vault: Vault, tmp_path: Path) -> None:
        running = open_vault(key_file=None, data_dir=tmp_path)
        vault.add_key()
        assert running.open(vault.seal(SECRET, bound_to=ROW), bound_to=ROW) == SECRET

    def test_lets_the_old_key_be_taken_away_afterwards(self, vault: Vault, tmp_path: Path) -> None:
        sealed = vault.seal(SECRET, bound_to=ROW)
        vault.add_key()
        rewrapped = vault.rewrap(sealed, bound_to=ROW)
        path = tmp_path / KEY_FILE
        path.write_text(path.read_text().splitlines()[0] + "\n")
        fresh = Vault(path)
        assert fresh.open(rewrapped, bound_to=ROW) == SECRET
        with pytest.raises(SecretUnreadable, match="not in"):
            fresh.open(sealed, bound_to=ROW)

    def test_refuses_a_row_that_was_tampered_with(self, vault: Vault) -> None:
        sealed = vault.seal(SECRET, bound_to=ROW)
        vault.add_key()
        with pytest.raises(SecretUnreadable):
            vault.rewrap(sealed, bound_to="connections.version/1/abc/2")


class TestTheKeyFile:
    def test_is_made_once_and_for_its_owner_only(self, tmp_path: Path) -> None:
        first = open_vault(key_file=None, data_dir=tmp_path)
        assert stat.S_IMODE((tmp_path / KEY_FILE).stat().st_mode) == 0o600
        assert open_vault(key_file=None, data_dir=tmp_path).current == first.current
        assert [path.name for path in tmp_path.iterdir()] == [KEY_FILE]

    def test_is_the_same_for_processes_that_start_at_once(self, tmp_path: Path) -> None:
        with ThreadPoolExecutor(8) as pool:
            vaults = list(pool.map(lambda _: open_vault(key_file=None, data_dir=tmp_path), range(8)))
        assert len({vault.current for vault in vaults}) == 1

    def test_that_was_named_is_not_made(self, tmp_path: Path) -> None:
        with pytest.raises(VaultKeyUnusable, match=r"missing\.key"):
            open_vault(key_file=tmp_path / "missing.key", data_dir=tmp_path)

    @pytest.mark.parametrize(
        "content", ["", "not base64!", base64.b64encode(b"too short").decode(), "schlüssel"]
    )
    def test_must_hold_keys(self, content: str, tmp_path: Path) -> None:
        path = tmp_path / "some.key"
        path.write_text(content, encoding="utf-8")
        path.chmod(0o600)
        with pytest.raises(VaultKeyUnusable):
            Vault(path)

    def test_that_everybody_may_read_is_refused(self, vault: Vault, tmp_path: Path) -> None:
        (tmp_path / KEY_FILE).chmod(0o644)
        with pytest.raises(VaultKeyUnusable, match="chmod 600"):
            Vault(tmp_path / KEY_FILE)
