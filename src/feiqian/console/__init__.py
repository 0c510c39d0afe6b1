"""The console: the staff's face, and the cashier that buyers see. It reads and acts through the doors of the domains.

``/console/api`` answers signed-in members of staff as JSON (amounts in minor units), ``/cashier/api/{token}`` answers
whoever has a payment's link, and the built pages of both are served beside them. The application provides
``database``, ``clock``, ``settings``, ``gateway``, ``standing`` and ``sandbox_url`` as dependencies and maps refusals to
problem documents.
"""

from pathlib import Path

from litestar import Router
from litestar.datastructures import ResponseHeader
from litestar.types import ControllerRouterHandler

from feiqian.console.access import require_own_page, require_staff
from feiqian.console.approvals import ApprovalController
from feiqian.console.books import VoucherController, trial_balance
from feiqian.console.cashier import CashierController, LinkController, PageController
from feiqian.console.connections import ConnectionController
from feiqian.console.invariants import check_invariants, invariants
from feiqian.console.ledger import LEDGER_HANDLERS
from feiqian.console.loans import FunderController, LoanController
from feiqian.console.merchants import MerchantController
from feiqian.console.notifications import NotificationController, endpoints
from feiqian.console.overview import overview
from feiqian.console.pages import page_routes
from feiqian.console.payments import PaymentController
from feiqian.console.reconciliation import ReconciliationController
from feiqian.console.routing import RoutingController
from feiqian.console.search import search
from feiqian.console.session import SessionController, provide_turnstile
from feiqian.console.transactions import TransactionController

__all__ = ["desk_routes", "routes"]

_HEADERS = [
    ResponseHeader(name="Cache-Control", value="no-store"),
    ResponseHeader(name="X-Content-Type-Options", value="nosniff"),
]


def routes(*, web_dist: Path) -> list[ControllerRouterHandler]:
    """Every handler of the staff's face and the cashier; ``web_dist`` holds the built pages."""
    session = Router(
        "/console/api",
        route_handlers=[SessionController],
        guards=[require_own_page],
        dependencies={"turnstile": provide_turnstile()},
        response_headers=_HEADERS,
        include_in_schema=False,
    )
    staff = Router(
        "/console/api",
        route_handlers=[
            overview,
            PaymentController,
            MerchantController,
            TransactionController,
            ReconciliationController,
            VoucherController,
            trial_balance,
            LoanController,
            FunderController,
            NotificationController,
            endpoints,
            invariants,
            check_invariants,
            search,
            *LEDGER_HANDLERS,
        ],
        guards=[require_own_page, require_staff],
        response_headers=_HEADERS,
        include_in_schema=False,
    )
    cashier = Router(
        "/",
        route_handlers=[CashierController, LinkController, PageController],
        response_headers=_HEADERS,
        include_in_schema=False,
    )
    return [session, staff, cashier, *page_routes(web_dist)]


def desk_routes() -> Router:
    """What staff do, each under their own name: connections, approvals and routing.

    The application provides ``connection_desk``, ``live_connections`` and ``approvals`` besides.
    """
    return Router(
        "/console/api",
        route_handlers=[ConnectionController, ApprovalController, RoutingController],
        guards=[require_own_page, require_staff],
        response_headers=_HEADERS,
        include_in_schema=False,
    )
