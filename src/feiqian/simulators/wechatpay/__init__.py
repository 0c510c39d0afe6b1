"""WeChat Pay API v3 as a merchant meets it: Native payments, refunds, callbacks, the trade bill, the buyer's phone.

Run it with ``python -m feiqian.simulators.wechatpay``. Its money invariants: an order is paid at most once; what is
refunded or under refund never exceeds what was paid; what was answered is on disk.
"""
