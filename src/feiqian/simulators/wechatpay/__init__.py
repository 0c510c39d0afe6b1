"""WeChat Pay API v3 as a merchant or a service provider meets it.

Every way to pay, combined orders, refunds, profit sharing, transfers, callbacks, both bills, keys that change, and the
buyer's phone. Run it with ``python -m feiqian.simulators.wechatpay``. Its money invariants: an order is paid at most
once; what is refunded or under refund never exceeds what was paid; what is shared never exceeds what is frozen; when
nothing is under way, the fund flow bills add up to what is held for the merchant; what was answered is on disk.
"""
