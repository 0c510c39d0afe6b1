"""Moments as WeChat Pay writes them."""

from feiqian.simulators.kit.moments import rfc3339, to_ms

__all__ = ["rfc3339", "to_ms"]
