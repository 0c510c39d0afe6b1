"""`feiqian demo`."""

import argparse
import logging
import sys

import msgspec

from feiqian.app.story import open_told, tell_whole
from feiqian.demo import Shape, StoryOptions
from feiqian.infra.logs import configure_logs
from feiqian.infra.settings import Settings


def demo(settings: Settings, arguments: argparse.Namespace) -> int:
    """Tell the story and print what it adds up to; 1 when the books do not agree."""
    # The progress tells what goes on; of the house's own log only what is wrong belongs beside it.
    configure_logs(settings.log_format, level=logging.WARNING)
    shape = Shape(seed=arguments.seed)
    if arguments.first_date is not None:
        shape = msgspec.structs.replace(shape, first_date=arguments.first_date)
    options = StoryOptions(orders=arguments.orders, days=arguments.days, shape=shape)
    story = open_told(settings, options, fresh=arguments.fresh)
    summary = tell_whole(settings, story, progress=sys.stderr)
    print(summary.table())
    if arguments.json:
        print(summary.json())
    return 0 if summary.ledger_verified and summary.trial_balance_ok else 1
