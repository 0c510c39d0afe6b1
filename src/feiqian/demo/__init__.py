"""The story: trade replayed day by day through the public API and the simulator, on an injected clock.

Owns no business rules of the house: it plays the platform, its buyers and their suppliers from outside.
`orders` and `generate` give the trade, `plan` says by fixed rules what must come of it, `driver` makes it
happen, `summary` adds it up so that anybody can check the sums to the fen.
"""

from feiqian.demo.driver import Connection, tell
from feiqian.demo.errors import DirectoryInUse, OrdersFileError, StoryError
from feiqian.demo.generate import Shape
from feiqian.demo.story import Story, StoryOptions, open_story
from feiqian.demo.summary import Facts, Summary

__all__ = [
    "Connection",
    "DirectoryInUse",
    "Facts",
    "OrdersFileError",
    "Shape",
    "Story",
    "StoryError",
    "StoryOptions",
    "Summary",
    "open_story",
    "tell",
]
