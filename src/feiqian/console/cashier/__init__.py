"""The cashier: what a buyer sees of one payment and does with it, known by the unguessable part of its id.

It reads and acts through the gateway only, and tells nothing that its buyer need not know.
"""

from feiqian.console.cashier.endpoints import CashierController, PageController
from feiqian.console.cashier.links import LinkController

__all__ = ["CashierController", "LinkController", "PageController"]
