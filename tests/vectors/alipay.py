"""Alipay's signatures as others have published them: what both sides of the wire are held to.

Source: yansongda/pay (MIT), tests/Plugin/Alipay/V2/AddPayloadSignaturePluginTest.php and CallbackPluginTest.php,
tests/Provider/AlipayTest.php and tests/Cert, recorded at Alipay's own sandbox in December 2023. The key is theirs for
tests only.
"""

from pathlib import Path

APP_ID = "9021000122682882"
SELLER_ID = "2088721003899159"

APP_PRIVATE_KEY = (
    "MIIEpAIBAAKCAQEApSA9oxvcqfbgpgkxXvyCpnxaR6TPaEMh/ij+PhF8180zL82ic4whkrRlcu1Y179AKEZNar71Ugi37fKcXWLerjPOeb8W"
    "HnZgNG19gkAcOIqZPRPpJ1eRtwKEclIzt+j3H/wgXWkD7BTr61RjuAcviyvDVbAJ/TPlMqXdJFIuJwZblN2WblIv+4Dm1iPOB+fVCU3rsgg4"
    "eajf3HrZ7sq6fBhQhO5krDmIIYGsFZ+fohEgnLkBaF0gqNUb5Yb4PBfaEcu8Hcwq+XyBSMOVOIABRPQVDedW2sE/2NsLkR62DaEe/Ri9VUDJ"
    "e0pE39P+X22DicJ3E3yrxvdioMnLtDqEuwIDAQABAoIBAQCSHZ1tH9J7c8IGKkxNyROzToZ0rxn5IK6LwKp5MfBO5X1N56DArldnAcpjkDL1"
    "dn7HJK6Mrr1WAfD/1ZcX680wSReEE9r2ybkHq3tMLn7KaZp/uYavEYYXc1rP7n1lV/iVjPz2q16VIU5Bx0MWLQWdGPSYdlXggHNoBe1RnobI"
    "cCGOVe9HlzCBtWzGpCZvMlqRbCuWAdp14aCkaJqpRxG4PY9Kd/NzELvhnCd9k8e7G2qcwx6gAoXN8OXO8jmZg/6fOvFnrGl6CBp8sioe5F3R"
    "023fDum546IqS8EZdCl5T0gW/boTbSV8luitab65xBO3PmUI+V2OEFCL6WcJxawBAoGBAOZoft6/LatdoXzr8vh+rKzacUHw246fpacbgx0B"
    "5DDymM7hbhXbY/NoCWPgBJtV3XI3DtMJ5yvlEVDQvPfbSHRPx2XQknwrM7ly2SLbaC+tuhcvoG6F1RLWFx+y/583seSlVNuWC9KdpLTKzo8w"
    "l8Z4/kheLTBxTxL20NZu79XBAoGBALd3fNoXk5V+T16hnSinPtt2NEsZpn+4w07DikzcpdyjCL5PYjp/BppmX3xly96fCZh3MO3Vkuya1xga"
    "uMzxVKQlR/aD5yVmsqK7wxNTY1ZQM74B44/4Mks/8MG2r7o3DElA4/qIeMP4CwkWmYcuij7npm2bgIqFzS+4aGZfDRF7AoGAKMO2Jpy2bMo9"
    "BwgLzdFDpbVkMmF1xu8R9NXWRayO/eX+CSQzQOS281qlxqjcx8rSSiHZmpb28notrRmxRTzjvchbo/TZ5eQS262pIxSkg0L+WJnRjZxaDWIZ"
    "Zz9ZIIdPDv/9WnhakSHZAS+cihLz12aSvqUC4744WkeWvUmVX0ECgYAGLDoCKHrps7c96tgbzwy5W4/E2xcUAwZnNwMHNQFLnBymMouOhkmV"
    "lk4uJEqosdcjzxbRWbc4yLjl8bg4BQKhBzQVojh7tKnb+c9Fbi/QbqBfCzc519LxXzRdgCUHceSy7kD9Y+wUQ9szMhR2TOWP2kFqPKolfvz5"
    "Vw4EK7yH0wKBgQDerq9Pthbii7lNt528/q0cH9vOMn9z76o6jMMea9EibclVHtdcQBWLOn8Yw97k+WSXYGuUrQUWWQbyabZqWkkS4cEjJf5/"
    "DiwOuYdNVXg7FK56ucTczBA7lR4dnunPW6U1HbSWf0Cn4Y/cl/z7B5QBSQt0W38IYHSaf6/sqsV6SA=="
)
"""The application's key: PKCS #1 in base64 on one line, as Alipay's key tool writes it."""

CERTIFICATES = Path(__file__).with_name("alipay_certificates")
"""application.crt is the application's, alipay.crt Alipay's with its issuer, alipay_root.crt the four roots."""

APP_CERT_SN = "e90dd23a37c5c7b616e003970817ff82"
ALIPAY_ROOT_CERT_SN = "687b59193f3f462dd5336e5abf83c5d8_02941eef3187dddf3d3b83462e1dfcf6"
"""Of the two roots that sign with RSA; the one of SM2 and the one of ECDSA do not count."""

REQUEST = {
    "app_id": APP_ID,
    "method": "alipay.trade.query",
    "format": "JSON",
    "return_url": "http://hk.ysdor.cn/index.php",
    "charset": "utf-8",
    "sign_type": "RSA2",
    "timestamp": "2023-12-21 06:54:37",
    "version": "1.0",
    "notify_url": "http://hk.ysdor.cn/index.php",
    "app_cert_sn": APP_CERT_SN,
    "alipay_root_cert_sn": ALIPAY_ROOT_CERT_SN,
    "biz_content": '{"out_trade_no":"1703141270"}',
    "sign": (
        "FrzUwXziVWK2x5glZkGoQ6dGR87O33APv3D/lWjVqPrFnMwcYjOYyln1B1bw5VuOwokLRmqcwWuTumBg8Q+n4FkVR3DMCvL8ywTBp5+6"
        "pRAETfhFop4m+r6jI+dgOavwyoZ69CWCzCcEyb0vMjgrV2eoSI4bgLjJyPcGpZ+iDBTSvE6eVxs05bUjainAOB5NnAvME06nkaxGLB4q"
        "wF9c3SQoiZt7QcMRdyy6mRItZxRaEjMm6qX8dfPuuquJC4wpTRk8PQeu5EMR4yyc1atxso3CMovjkGr5LzDtqLNseyqqorYW+Gfu3ugH"
        "Ss9aqkwAAysg79O6TsvuFa9OHq64Tg=="
    ),
}
"""Signed by the application; its signature covers sign_type."""

NOTIFICATION = {
    "gmt_create": "2023-12-21 16:26:32",
    "charset": "utf-8",
    "gmt_payment": "2023-12-21 16:26:43",
    "notify_time": "2023-12-21 16:26:45",
    "subject": "yansongda+测试 - 1",
    "buyer_id": "2088722003899169",
    "invoice_amount": "0.01",
    "version": "1.0",
    "notify_id": "2023122101222162644199160501632046",
    "fund_bill_list": '[{"amount":"0.01","fundChannel":"ALIPAYACCOUNT"}]',
    "notify_type": "trade_status_sync",
    "out_trade_no": "1703147160",
    "total_amount": "0.01",
    "trade_status": "TRADE_SUCCESS",
    "trade_no": "2023122122001499160501589436",
    "auth_app_id": APP_ID,
    "receipt_amount": "0.01",
    "point_amount": "0.00",
    "app_id": APP_ID,
    "buyer_pay_amount": "0.01",
    "sign_type": "RSA2",
    "seller_id": SELLER_ID,
    "sign": (
        "Rs7SszD15WqbdJsGZPN+HpCBcQzBCkJx0ccNeg1rpUxyTVA1ps2vJ4sLhaa7O+lliTj6N1MSGqc8cK6JSs7nPg731RAOfneirtrqrlW2"
        "u0m15kWAKrVjgPGLUMtK/eT15e/6NcxsWra/bsZaan+nFDzO8xceOwy96W+qVUtTPfBRBp9Zjryi5oIONOifGMALD284YbNC3qq2eyqV"
        "ysF+zgk+/MtuHk2Eh/fL7UbClHQXQ2hD686Dt8bR949TNMbkWCYXstmjVBO55qF8xhaoF/b5zAe5/O/13g/QlwDXBcF3XwJpbFWrBehoF"
        "FCnJhR/xXZ0E+D2Vsw1oAQ3l+R2dQ=="
    ),
}
"""Signed by Alipay without sign and sign_type; the subject has a plus sign."""

RETURN_QUERY = (
    "charset=utf-8&out_trade_no=1703141270&method=alipay.trade.page.pay.return&total_amount=0.01&sign=RJzbs5y7I41BO9UPn"
    "Cdq7oWgoInyjELi9Qj6D%2BLAZXVpHTedemAHfVUowuF9iuznGZLxU6Xv1L3ZkzTGxmIfvzontCZNb0%2BRROqiT41lX91VYd6j4ZcOn8zsvlCd"
    "QSVHmYNJi%2Bw%2F40uHxo1ufRwHxBNtQKsoJCYk5VtZ92pQFvVyE5wPPT6Nolww5WlCAPxcWNby8VAiWT%2Bd2yxmFm8vZ6yj5rsLHTR72O76T"
    "kEXzOEex6e36Zf8M9YXww7RQbflMfk9eURPHW%2FoQq4hZr%2FlX7%2FO1nT5vdT4UVFai4V18Xm1KspBun8outJxqlWMIKVxGsYhIH1E79ORt4"
    "wQA7PG1g%3D%3D&trade_no=2023122122001499160501586202&auth_app_id=9021000122682882&version=1.0&app_id=90210001226828"
    "82&sign_type=RSA2&seller_id=2088721003899159&timestamp=2023-12-21+14%3A48%3A44"
)
"""With which the buyer's browser came back from the cashier; signed as a notification is."""

ANSWERS = (
    (
        '{"alipay_trade_precreate_response":{"code":"10000","msg":"Success","out_trade_no":"1704093802","qr_code"'
        ':"https:\\/\\/qr.alipay.com\\/bax07651xvtprxfkmxyf00a9"},"sign":"Mz0jF7DeQ6ogyle/5P6cxqbezmR9RNkuJFNIiH4bPrcHj'
        "wnaNsb3Ad5PAFc7xERDHOvfdWkNzx8++Ov+cAhfqIcKWNLyL7UFiRIeL1LoLku2K0rcAXeuxm9KKjYaEl3lr0JFQE/zUElfDcQn3s9uj"
        "NFkkMNOcPgQwbSPlEXja0a4syG76FnTknsITHONIbCCsIWnHMuf95cq8zkgjMUOlfVOL8l4Iv0n9n2r9H1OJKv+2GmDp6ntc9xAhrIlO"
        '+f5urp1N+LzO9lDx5r1HIjqlSiemNZAdQveQjRuOtx/FM4KhFvn3312Xv7XuKW9iqNnBSwXOEAuUXghXcqD8xl05g=="}'
    ),
    (
        '{"alipay_fund_trans_uni_transfer_response":{"code":"10000","msg":"Success","order_id":"20231226110070000'
        '002150000683137","out_biz_no":"2023122621450001","pay_fund_order_id":"20231226110070001502150000685481",'
        '"status":"SUCCESS","trans_date":"2023-12-26 22:11:45"},"sign":"exg0CUSgsRvI+q/Qqyu+MJ17ao4+vnEUMRE4YNbN2'
        "H3K6iX3xBcZv9jTt6m6c9JLZIifbqkZU13PLa4zy1MaQnQKg676wbqpN7ybEVL7LMzAgXUFm3Dc0XL1minPie2XOtwIgEecoPwpEqvqj"
        "jdTXfaE7fT6ZLxFLMMlPAESGwDDnKQVUmWs/8oq/EdPDNtVMmoVbF4o9zizyHw/QHVpLYvt0DHNCZRLhY85V99W6CrHjkNTB1QzEb1vC"
        'e3okVT3UAq26sxpu46R5l3n0xKJiYrucs8Y6CEWmayTKmZou7WQdgKQJHC0x0OIN58zWBkAFwz9ZAGON/WO3YHWq6mi5A=="}'
    ),
    (
        '{"alipay_trade_query_response":{"code":"10000","msg":"Success","buyer_logon_id":"ifv***@sandbox.com","bu'
        'yer_pay_amount":"0.00","buyer_user_id":"2088722003899169","buyer_user_type":"PRIVATE","invoice_amount":"'
        '0.00","out_trade_no":"1703141270","point_amount":"0.00","receipt_amount":"0.00","send_pay_date":"2023-12'
        '-21 14:48:36","total_amount":"0.01","trade_no":"2023122122001499160501586202","trade_status":"TRADE_SUCC'
        'ESS"},"sign":"WBz5iEFVhP99SRqHAaUi6KD+6u4xUxOgLAJ989gxByd79pa9bhHfQ0EFO/78YU3TuoqNvUBbHZ7LPxP+OPQFTUtHa5'
        "JF2pz+EfgBkYOnBPW+YGz6arGqmAPBy9I+ltJxKNKq4G7ehPG0gbtQQcVqqIR9vDylitmlGIIe+YKfNbEi+vPNkQ3HXLsu3lXKGqB21X"
        "SYb/NdxneALsVOowVqgU2SSR/+5TcUzCuW5VA/LWKnpXZEDdE1HTgUFqvqrYtLoVfmXO41oKZdrR3t4/rbV64YlWR4vPSuELuC4gLdXd"
        'd63PaOmdIo/5TxI26379ZC8IfhcBiS/KO3PYm1dbgpIg=="}'
    ),
    (
        '{"alipay_fund_trans_common_query_response":{"code":"10000","msg":"Success","order_id":"20231226110070000'
        '002150000683137","out_biz_no":"2023122621450001","pay_date":"2023-12-26 22:11:45","pay_fund_order_id":"2'
        '0231226110070001502150000685481","status":"SUCCESS","trans_amount":"0.01"},"sign":"AVEw2M/E95HJvcUVS05s/'
        "ABD96Hlw0IlGyjz36IjFMmb2u0Qviz/ZSBGnSdW4XH4Nda80h4hmiuslp7vnydeZKiyMUMms1wq8YZGYCjrBPs1pj898wPT22foVWEIA"
        "mwZYQ1ixJtmycYd8wZfg0y+fuLiSYifsik4OyQ8SGam1k0RqB1Qje0v8WKLtsrZszw0zDp9vYbPuCTLkgmT0gGRxHoUOP2JLfpK/uJs5"
        "4tECVF9FUEVJmeBM8TvTxgMPB0b32MOzOtI1JB8qE/Gn7RaMbTVrQQZNCSEHhjhaCvHoBo3xVbx8Rcq6Xl2Nf0N8uEmK6UQqqLh//IW4"
        'nWs0T4HHQ=="}'
    ),
    (
        '{"alipay_trade_fastpay_refund_query_response":{"code":"10000","msg":"Success","out_request_no":"17031412'
        '70","out_trade_no":"1703141270","refund_amount":"0.01","refund_status":"REFUND_SUCCESS","total_amount":"'
        '0.01","trade_no":"2023122122001499160501586202"},"sign":"fifFt09uvYUz5SEC24ZrJZOV8am4ZLTjMmDn2WTEZ5hcxmf'
        "8ZpBwls8YFFUeJjCCy9CEnG5xMVKZemg23D/OBlqQVNxmGRYvV5f/hSeUVUoaTbsGodBkSeuKL9rxfjU0srSNolICxwsNZ7l3ZzRLATr"
        "QCpn/ObIen1M2x7aVeGHjpyDpYd4oMm7jVnsWQlR+03Atcvj2EbkjcuK7pf0pWV7R75SO2/sKCr+8h7SRoBZeQKa7pyGe70u9vxtVRid"
        'Z6EMMLRWpQ0MEt+40FKCUUKE/ATEvg9gkAO3J8xUN6HwCchz+1RAa5HGLBgQ15lTDw4PdfL+6fJkdgxhIvulNsw=="}'
    ),
    (
        '{"alipay_trade_close_response":{"code":"10000","msg":"Success","out_trade_no":"1703226647","trade_no":"2'
        '023122222001499160501602106"},"sign":"BFKYag0TR6czgQ8MmRKZF9h+S0Vh+W+44zQA8BVzPca3hRirhETZEkuVQwBLyWwIXH'
        "nXDEulGoYpBouL2gMXB7wVW05XvCQ/6A2NTHybtoetF7MFKuyhdvj2+5kDq3hY4gOeIXBvBLSvikXr6pP0w5kKMG59z7cMITsDR+q2sE"
        "GKxO9wKTLaKmShaih6+W/hX7VwN+z5ZI90o6M5EFZeVifYLGCfbS0vi0ZOL3n2shglCKzKmxxND/RrS8f/cE51s++/A6bJDuP2aZj9ZE"
        '+tPbESGNtOxOdf1G99CFq6Kjcg1PR71MN8PXDbIIRsegenngDQz9rl2EBpgzvtGrFW2Q=="}'
    ),
    (
        '{"alipay_trade_refund_response":{"code":"10000","msg":"Success","buyer_logon_id":"ifv***@sandbox.com","b'
        'uyer_user_id":"2088722003899169","fund_change":"Y","gmt_refund_pay":"2023-12-22 14:19:12","out_trade_no"'
        ':"1703141270","refund_fee":"0.01","send_back_fee":"0.00","trade_no":"2023122122001499160501586202"},"sig'
        'n":"LPvOTnBZH6ZnPSbHDnJrsmc3v6M6HFHZt2kVDC0gP1oIqOL3nThcOqth4Cn8PfdXOOpN57IrU6J3XmaI2hvratXLdmdbiiyNccsy'
        "XKB5KQOw9jR72tC0r0AT5VXw3BQJ+Jgnaapd6Ud7rkmWTLADv4PQh1pvJSMWto+Auc1CL+Oq3ERDhfMRqLUsrDUr/ogQAwkIFe8AHL7b"
        "GlrgLH7IpKEVrf436NHgBYMCHFI/4Gzi1dJyFXrNyD7x5FnN9qIMNhMeMq/fH2iCe8JTGUIdTk7S4+L0rSr+6ZAbj6JO7rumemAnkfS3"
        'h11AxaLHNLnxNwPVaYHlw9HiJErHeC/Z0w=="}'
    ),
    (
        '{"alipay_trade_app_pay_response":{"code":"10000","msg":"Success","order_id":"202312201100700000021500006'
        '57610","out_biz_no":"2023122022560000","pay_date":"2023-12-20 22:56:33","pay_fund_order_id":"20231220110'
        '070001502150000660902","status":"SUCCESS","trans_amount":"0.01"},"sign":"eITxP5fZiJPB2+vZb90IRkv2iARxeNx'
        "/6Omxk7FStqflhG5lMoCvGjo2FZ6Szo1bGBMBReazZuqLaqsgomWAUO9onMVurB3enLbRvwUlpE7XEZaxk/sJYjgc2Y7pIAenvnLL9PE"
        "AiXmvUvuinUlvS9J2r1XysC0p/2wu7kEJ/GgZpFDIIYY9mdM6U1rGbi+RvirQXtQHmaEuuJWLA75NR1bvfG3L8znzW9xz1kOQqOWsQmD"
        "/bF1CDWbozNLwLCUmClRJz0Fj4mUYRF0zbW2VP8ZgHu1YvVKJ2+dWC9b+0o94URk7psIpc5NjiOM9Jsn6aoC2CfrJ/sqFMRCkYWzw6A="
        '="}'
    ),
)
"""Whole answers of the gateway: the signature is over the raw text of the inner object, in which slashes are escaped."""
