"""Who is calling: API keys, their scopes, and keys that make a request safe to repeat."""

import hashlib
import time
from collections.abc import Mapping
from typing import Any

from litestar import Request

from feiqian.infra.database import Database
from feiqian.kernel.clock import Clock
from feiqian.kernel.errors import InvalidRequest, ReplayAltered
from feiqian.members import ApiKeyInvalid, Caller, Scope, ScopeMissing, find_caller, hash_token
from feiqian.openapi import store

CACHE_S = 20
"""How long a revoked key may still work: known keys are looked up again after this."""
CACHE_COUNT_MAX = 10_000
KEY_LENGTH_MAX = 128


def needs(scope: Scope) -> Mapping[str, Any]:
    """What a controller states, and what closes it: its handlers are for keys with that scope."""
    return {"scope": scope}


class Access:
    """Finds the caller behind a request."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._known: dict[bytes, tuple[float, Caller]] = {}

    async def caller(self, request: Request[Any, Any, Any]) -> Caller:
        """Who sent a request; the handler's ``scope`` option says what the key must be allowed.

        Raises: ApiKeyInvalid, ScopeMissing, InvalidRequest, ReplayAltered (an Idempotency-Key used for something else).
        """
        caller = await self._find(request.headers.get("authorization", ""))
        scope: Scope = request.route_handler.opt["scope"]
        if scope not in caller.scopes:
            raise ScopeMissing(scope=scope.value)
        key = request.headers.get("idempotency-key")
        if key is not None and request.method != "GET":
            await self._claim(request, caller, key)
        return caller

    async def _find(self, authorization: str) -> Caller:
        scheme, _, key = authorization.partition(" ")
        if scheme.lower() != "bearer" or not key:
            raise ApiKeyInvalid
        hash = hash_token(key.strip())
        seen = self._known.get(hash)
        if seen is not None and seen[0] > time.monotonic():
            return seen[1]
        async with self._database.reading() as tx:
            caller = await find_caller(tx, hash)
        if caller is None:
            raise ApiKeyInvalid
        if len(self._known) >= CACHE_COUNT_MAX:
            self._known.clear()
        self._known[hash] = (time.monotonic() + CACHE_S, caller)
        return caller

    async def _claim(self, request: Request[Any, Any, Any], caller: Caller, key: str) -> None:
        """Operations are repeatable by their own numbers; the key adds that nothing else is sent under it."""
        if not 1 <= len(key) <= KEY_LENGTH_MAX:
            raise InvalidRequest(field="Idempotency-Key", reason=f"must be 1 to {KEY_LENGTH_MAX} characters")
        resource = f"{request.method} {request.url.path}"
        fingerprint = hashlib.sha256(resource.encode() + b"\n" + await request.body()).digest()
        now = self._clock.now()
        claim = await self._database.run(
            lambda tx: store.claim_key(
                tx, platform=caller.platform, key=key, fingerprint=fingerprint, resource=resource, now=now
            )
        )
        if claim.fingerprint != fingerprint:
            field = "request" if claim.resource == resource else f"resource ({claim.resource})"
            raise ReplayAltered(key=f"Idempotency-Key {key}", field=field)
