"""The partner API of a running house."""

from tests.loop.fixtures import channel_dir, house, sandbox_url

__all__ = ["channel_dir", "house", "sandbox_url"]
