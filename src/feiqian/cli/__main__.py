"""``python -m feiqian.cli`` is the command `feiqian`."""

from feiqian.cli.main import main

main()
