"""A bank that a platform talks to directly: ISO 20022 over HTTPS, ISO 8583 over a socket, and a SOAP service.

Run it with ``python -m feiqian.simulators.bank``. The three fronts work on one set of books. Its money invariants: every
movement debits one account and credits another, so that all balances add up to zero; an account is never overdrawn, and
what waits to be paid out is reserved; a payout is made at most once, and given back (returned or reversed) at most once;
what was answered is on disk. What differs from bank to bank is data: ``profile.toml`` and ``socket/*.toml``.
"""
