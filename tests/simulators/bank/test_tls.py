"""HTTPS with the sandbox's own authority, and only for the platform's certificate when that is wished."""

import http.client
import ssl
from pathlib import Path

import pytest
from tests.simulators.bank.platform import Bank


def context(bank: Bank) -> ssl.SSLContext:
    """Trusts the sandbox's authority, and nobody else."""
    return ssl.create_default_context(cadata=bank.credentials["authority_certificate"])


def status(bank: Bank, trusting: ssl.SSLContext) -> int:
    """Of the service's description over HTTPS."""
    connection = http.client.HTTPSConnection("127.0.0.1", bank.tls_port, context=trusting, timeout=5)
    try:
        connection.request("GET", "/soap/corporate-banking?wsdl")
        answer = connection.getresponse()
        assert b"https://127.0.0.1" in answer.read()
        return answer.status
    finally:
        connection.close()


class TestHttps:
    def test_is_served_under_the_sandboxs_authority(self, tmp_path: Path) -> None:
        bank = Bank(tmp_path, "--tls")
        assert status(bank, context(bank)) == 200
        assert bank.sandbox("state")["places"]["https"] == f"https://127.0.0.1:{bank.tls_port}"
        with pytest.raises(ssl.SSLCertVerificationError):
            status(bank, ssl.create_default_context())
        assert bank.stop() == 0

    def test_may_be_for_the_platform_only(self, tmp_path: Path) -> None:
        bank = Bank(tmp_path, "--mutual-tls")
        with pytest.raises((ssl.SSLError, ConnectionError)):
            status(bank, context(bank))
        identity = bank.credentials["customer_identity"]
        path = tmp_path / "customer.pem"
        path.write_text(identity["certificate"] + identity["private_key"], "ascii")
        trusting = context(bank)
        trusting.load_cert_chain(path)
        assert status(bank, trusting) == 200
        assert bank.stop() == 0


class TestTheProcess:
    def test_keeps_its_secrets_to_its_owner(self, own_bank: Bank) -> None:
        directory = own_bank.directory / "bank-sandbox"
        assert (directory / "credentials.json").stat().st_mode & 0o077 == 0

    def test_opens_its_books_once(self, own_bank: Bank) -> None:
        with pytest.raises(RuntimeError, match="exit code 1"):
            Bank(own_bank.directory)

    def test_is_told_only_what_it_knows(self, own_bank: Bank) -> None:
        before = own_bank.sandbox("behaviour")
        for change in (b'{"payment":"rude"}', b'{"only_next":0,"socket":"silent"}', b'{"mood":"bad"}'):
            assert own_bank.send("POST", "/sandbox/behaviour", change).status == 400
        assert own_bank.sandbox("behaviour") == before
