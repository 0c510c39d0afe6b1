"""Where events may be sent: a platform must not be able to make us call what only we can reach."""

from ipaddress import ip_address

import pytest

from feiqian.infra.http import HttpClient, HttpUnknown, HttpUnreachable
from feiqian.kernel.errors import InvalidRequest
from feiqian.openapi import AddressRule

PRODUCTION, SANDBOX = AddressRule(loopback=False), AddressRule(loopback=True)

PRIVATE = [
    "10.0.0.1", "172.16.5.4", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0", "224.0.0.1",
    "255.255.255.255", "198.18.0.1", "fe80::1", "fc00::1", "::", "ff02::1", "::ffff:10.0.0.1",
    "::ffff:169.254.169.254", "64:ff9b::a00:1", "2002:a00:1::1",
]  # fmt: skip


class TestAUrl:
    @pytest.mark.parametrize(
        "url", ["https://shop.example/events", "https://shop.example:8443/a?b=c", "https://93.184.216.34/"]
    )
    def test_is_public_and_https(self, url: str) -> None:
        PRODUCTION.check(url)

    @pytest.mark.parametrize(
        "url",
        [
            "http://shop.example/events",
            "https://127.0.0.1/",
            "https://localhost/",
            "https://localhost./",
            "http://127.0.0.1:8000/",
            "https://[::1]/",
            "https://[::ffff:10.0.0.1]/",
            "https://169.254.169.254/latest/meta-data",
            "https://user:secret@shop.example/",
            "https://shop.example/#part",
            "https:///events",
            "https://shop.example:0/",
            "https://shop.example:99999/",
            "https://shop.example/a b",
            "https://shop.example/\n",
            "https://商店.example/",
            "ftp://shop.example/",
            "shop.example",
            "",
            "https://shop.example/" + "a" * 1_000,
        ],
    )
    def test_is_refused_otherwise(self, url: str) -> None:
        with pytest.raises(InvalidRequest):
            PRODUCTION.check(url)

    def test_of_this_machine_is_taken_in_the_sandbox_only(self) -> None:
        for url in ("http://127.0.0.1:8000/events", "http://localhost/", "https://[::1]:1/"):
            SANDBOX.check(url)
        for url in ("http://shop.example/", "http://10.0.0.1/", "https://10.0.0.1/"):
            with pytest.raises(InvalidRequest):
                SANDBOX.check(url)


class TestAnAddress:
    @pytest.mark.parametrize("address", PRIVATE)
    def test_that_is_not_public_is_never_called(self, address: str) -> None:
        assert not PRODUCTION.admits(ip_address(address))
        assert not SANDBOX.admits(ip_address(address))

    @pytest.mark.parametrize("address", ["93.184.216.34", "2606:2800:220:1::1", "::ffff:93.184.216.34"])
    def test_that_is_public_is_called(self, address: str) -> None:
        assert PRODUCTION.admits(ip_address(address))

    @pytest.mark.parametrize("address", ["127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1"])
    def test_of_this_machine_is_called_in_the_sandbox_only(self, address: str) -> None:
        assert SANDBOX.admits(ip_address(address))
        assert not PRODUCTION.admits(ip_address(address))


@pytest.mark.anyio
class TestAConnection:
    @pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "127.1", "2130706433", "0x7f000001", "[::1]"])
    async def test_to_this_machine_is_not_made_however_it_is_written(self, host: str) -> None:
        async with HttpClient(admits=PRODUCTION.admits) as http:
            with pytest.raises((HttpUnreachable, HttpUnknown), match=r"not allowed|not a canonical IPv4"):
                await http.request(method="POST", url=f"http://{host}:9/", headers={}, body=b"", timeout_s=5)
