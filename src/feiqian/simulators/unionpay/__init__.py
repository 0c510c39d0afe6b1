"""The UnionPay online gateway 5.1.0 as a merchant meets it: bank pages of B2C and B2B, refunds, voids, pre-authorisation,
payouts one by one and in batches, notices, and the settlement file.

Run it with ``python -m feiqian.simulators.unionpay``. Its money invariants: an order is paid at most once; what is
refunded or under refund never exceeds what was paid; what was answered is on disk.
"""
