"""Every test of this folder may ask for a ``house``."""

from tests.loop.fixtures import channel_dir, hasty_house, house, public_dir, sandbox_url

__all__ = ["channel_dir", "hasty_house", "house", "public_dir", "sandbox_url"]
