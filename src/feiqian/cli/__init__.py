"""The command `feiqian`: argument parsing and nothing else; what it starts is in ``app``."""

from feiqian.cli.main import main

__all__ = ["main"]
