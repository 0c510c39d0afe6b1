"""Alipay's open API gateway as a merchant meets it: trades of all products, refunds, royalties, transfers, bills.

Run it with ``python -m feiqian.simulators.alipay``. Its money invariants: a trade is paid at most once; what is refunded
or under refund never exceeds what was paid; every change of the merchant's balance is a movement with the balance after
it; what was answered is on disk.
"""
