"""The front that speaks ISO 20022 over HTTPS: pain.001 in, pain.002, camt.052, camt.053 and camt.054 out."""
