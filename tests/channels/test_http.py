"""The HTTP client: what is sent is what was given, what comes back is bounded, faults are of two kinds."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from aiohttp import web
from tests.channels.wechat import Wechat, serving

from feiqian.infra.http import HttpAnswer, HttpClient, HttpUnknown, HttpUnreachable

pytestmark = pytest.mark.anyio


@pytest.fixture
async def server() -> AsyncIterator[Wechat]:
    async with serving() as running:
        yield running


@pytest.fixture
async def http() -> AsyncIterator[HttpClient]:
    async with HttpClient() as client:
        yield client


async def get(http: HttpClient, url: str, *, timeout_s: float = 1, bytes_max: int = 1000) -> HttpAnswer:
    return await http.request(
        method="GET", url=url, headers={}, body=b"", timeout_s=timeout_s, response_bytes_max=bytes_max
    )


class TestAnAnswer:
    async def test_comes_whatever_its_status(self, server: Wechat, http: HttpClient) -> None:
        server.answers(*[web.Response(status=status, body=b"x") for status in (200, 404, 500)])
        assert [(await get(http, server.base_url + "/")).status for _ in range(3)] == [200, 404, 500]

    async def test_is_looked_up_without_regard_to_case(self, server: Wechat, http: HttpClient) -> None:
        server.answers(web.Response(headers={"Wechatpay-Serial": "7D10"}))
        answer = await get(http, server.base_url + "/")
        assert answer.headers["wechatpay-serial"] == answer.headers["WECHATPAY-SERIAL"] == "7D10"

    async def test_is_not_a_redirect_followed(self, server: Wechat, http: HttpClient) -> None:
        server.answers(web.Response(status=302, headers={"Location": "/elsewhere"}))
        assert (await get(http, server.base_url + "/")).status == 302
        assert len(server.requests) == 1

    async def test_leaves_no_cookie(self, server: Wechat, http: HttpClient) -> None:
        server.answers(web.Response(headers={"Set-Cookie": "a=b"}), web.Response())
        await get(http, server.base_url + "/")
        await get(http, server.base_url + "/")
        assert "Cookie" not in server.requests[1][3]

    async def test_of_the_largest_size_comes_and_of_one_more_does_not(
        self, server: Wechat, http: HttpClient
    ) -> None:
        server.answers(web.Response(body=b"x" * 1000), web.Response(body=b"x" * 1001))
        assert len((await get(http, server.base_url + "/")).body) == 1000
        with pytest.raises(HttpUnknown, match="larger than 1000"):
            await get(http, server.base_url + "/")


class TestARequest:
    async def test_is_sent_byte_for_byte(self, server: Wechat, http: HttpClient) -> None:
        server.answers(web.Response())
        await http.request(
            method="POST",
            url=server.base_url + "/a%7Cb/../c?x=%2F&y=1%2B1",
            headers={"X-Any": "1"},
            body=b'{"a": \xff}',
            timeout_s=1,
        )
        method, target, body, headers = server.requests[0]
        assert (method, target, body) == ("POST", "/a%7Cb/../c?x=%2F&y=1%2B1", b'{"a": \xff}')
        assert headers["X-Any"] == "1"
        assert headers["Accept-Encoding"] == "identity"
        assert "User-Agent" not in headers

    async def test_keeps_the_connection_for_the_next(self, server: Wechat, http: HttpClient) -> None:
        ports: set[object] = set()

        async def handler(request: web.Request) -> web.StreamResponse:
            assert request.transport is not None
            ports.add(request.transport.get_extra_info("peername"))
            return web.Response()

        server.handler = handler
        for _ in range(3):
            await get(http, server.base_url + "/")
        assert len(ports) == 1


class TestAFault:
    async def test_before_sending_is_unreachable(self, http: HttpClient) -> None:
        async with serving() as closed:
            url = closed.base_url
        with pytest.raises(HttpUnreachable):
            await get(http, url)

    async def test_after_sending_is_unknown(self, server: Wechat, http: HttpClient) -> None:
        async def handler(_: web.Request) -> web.StreamResponse:
            await asyncio.sleep(5)
            return web.Response()

        server.handler = handler
        with pytest.raises(HttpUnknown):
            await get(http, server.base_url + "/", timeout_s=0.2)

    async def test_shows_no_token(self, http: HttpClient) -> None:
        async with serving() as closed:
            url = closed.base_url
        with pytest.raises(HttpUnreachable) as unreachable:
            await get(http, url + "/file?token=secret")
        assert "secret" not in str(unreachable.value)
