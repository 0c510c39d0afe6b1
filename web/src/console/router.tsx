import { MutationCache, QueryCache, QueryClient } from "@tanstack/react-query";
import {
  createRootRouteWithContext,
  createRoute,
  createRouter,
  lazyRouteComponent,
  Outlet,
  redirect,
} from "@tanstack/react-router";
import * as connections from "../api/connections";
import { Problem, queryString } from "../api/http";
import * as ledger from "../api/ledger";
import * as notifications from "../api/notifications";
import * as api from "../api/queries";
import * as routing from "../api/routing";
import { parseSearch } from "../kit/paths";
import { SkeletonPage } from "../kit/states";
import { NotFound, PageError } from "./shell/failures";
import { Shell } from "./shell/Shell";
import { SignIn } from "./shell/SignIn";

/** A session that ended in mid-work leads to the sign-in page and back again. */
function onFailure(error: Error): void {
  const here = router.state.location;
  if (!(error instanceof Problem) || error.status !== 401 || here.pathname === "/sign-in") return;
  queryClient.setQueryData(api.sessionQuery.queryKey, null);
  void router.navigate({ to: "/sign-in", search: { next: here.href, ended: "1" } });
}

export const queryClient = new QueryClient({
  queryCache: new QueryCache({ onError: onFailure }),
  mutationCache: new MutationCache({ onError: onFailure }),
  defaultOptions: {
    queries: {
      staleTime: 10_000,
      retry: (count, error) => count < 2 && error instanceof Problem && error.retryable,
      retryDelay: (count) => 400 * 2 ** count,
    },
  },
});

/** Only the named search parameters, only when they say something. */
function only<Name extends string>(...names: Name[]) {
  return (search: Record<string, unknown>): Partial<Record<Name, string>> => {
    const kept: Partial<Record<Name, string>> = {};
    for (const name of names) {
      const value = search[name];
      if (typeof value === "string" && value !== "") kept[name] = value;
    }
    return kept;
  };
}

/** What each page keeps in its URL. */
const search = {
  signIn: only("next", "ended"),
  overview: only("date"),
  payments: only("state", "q", "merchant_no", "from", "to", "cursor"),
  merchants: only("q", "cursor"),
  merchant: only("account", "cursor"),
  reconciliation: only("cursor"),
  reconciliationDay: only("channel", "status", "cursor"),
  vouchers: only("month", "date", "cursor"),
  trialBalance: only("date", "book"),
  loans: only("state", "cursor"),
  accounts: only("book", "code", "q", "currency", "state", "group", "non_zero", "cursor"),
  account: only("from", "to", "kind", "min", "max", "at", "on", "by", "cursor"),
  holds: only("state", "account", "cursor"),
  ledgerTrial: only("book", "by", "from", "to"),
  seals: only("book", "cursor"),
  approvals: only("state", "cursor"),
  notifications: only("state", "topic", "endpoint", "q", "cursor"),
  routing: only("tab", "q", "page", "cursor", "version"),
};

const rootRoute = createRootRouteWithContext<{ queryClient: QueryClient }>()({
  component: Outlet,
  notFoundComponent: NotFound,
});

const signInRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: "/sign-in",
  validateSearch: search.signIn,
  component: SignIn,
});

const shellRoute = createRoute({
  getParentRoute: () => rootRoute,
  id: "shell",
  component: Shell,
  beforeLoad: async ({ context, location }) => {
    const staff = await context.queryClient.ensureQueryData(api.sessionQuery);
    if (!staff)
      throw redirect({ to: "/sign-in", search: location.pathname === "/" ? {} : { next: location.href } });
  },
});

const overviewRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: "/",
  validateSearch: search.overview,
  loaderDeps: (location) => location.search,
  loader: ({ context, deps }) => void context.queryClient.prefetchQuery(api.overviewQuery(deps.date)),
  component: lazyRouteComponent(() => import("./pages/Overview"), "Overview"),
});

const paymentsRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: "/payments",
  validateSearch: search.payments,
  loaderDeps: (location) => location.search,
  loader: ({ context, deps }) => void context.queryClient.prefetchQuery(api.paymentsQuery(deps)),
  component: lazyRouteComponent(() => import("./pages/Payments"), "Payments"),
});

const paymentRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: "/payments/$id",
  loader: ({ context, params }) => void context.queryClient.prefetchQuery(api.paymentQuery(params.id)),
  component: lazyRouteComponent(() => import("./pages/Payment"), "PaymentPage"),
});

const merchantsRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: "/merchants",
  validateSearch: search.merchants,
  loaderDeps: (location) => location.search,
  loader: ({ context, deps }) => void context.queryClient.prefetchQuery(api.merchantsQuery(deps)),
  component: lazyRouteComponent(() => import("./pages/Merchants"), "Merchants"),
});

const merchantRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: "/merchants/$merchantNo",
  validateSearch: search.merchant,
  loader: ({ context, params }) =>
    void context.queryClient.prefetchQuery(api.merchantQuery(params.merchantNo)),
  component: lazyRouteComponent(() => import("./pages/Merchant"), "MerchantPage"),
});

const transactionRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: "/transactions/$id",
  loader: ({ context, params }) => void context.queryClient.prefetchQuery(api.transactionQuery(params.id)),
  component: lazyRouteComponent(() => import("./pages/Transaction"), "TransactionPage"),
});

const reconciliationRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: "/reconciliation",
  validateSearch: search.reconciliation,
  loaderDeps: (location) => location.search,
  loader: ({ context, deps }) => void context.queryClient.prefetchQuery(api.reconciliationQuery(deps.cursor)),
  component: lazyRouteComponent(() => import("./pages/Reconciliation"), "Reconciliation"),
});

const reconciliationDayRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: "/reconciliation/$date",
  validateSearch: search.reconciliationDay,
  component: lazyRouteComponent(() => import("./pages/ReconciliationDay"), "ReconciliationDay"),
});

const vouchersRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: "/vouchers",
  validateSearch: search.vouchers,
  loaderDeps: (location) => location.search,
  loader: ({ context, deps }) => void context.queryClient.prefetchQuery(api.vouchersQuery(deps)),
  component: lazyRouteComponent(() => import("./pages/Vouchers"), "Vouchers"),
});

const voucherRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: "/vouchers/$id",
  loader: ({ context, params }) => void context.queryClient.prefetchQuery(api.voucherQuery(params.id)),
  component: lazyRouteComponent(() => import("./pages/Voucher"), "VoucherPage"),
});

const trialBalanceRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: "/trial-balance",
  validateSearch: search.trialBalance,
  loaderDeps: (location) => location.search,
  loader: ({ context, deps }) => void context.queryClient.prefetchQuery(api.trialBalanceQuery(deps)),
  component: lazyRouteComponent(() => import("./pages/TrialBalance"), "TrialBalancePage"),
});

const accountsRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: "/ledger/accounts",
  validateSearch: search.accounts,
  loaderDeps: (location) => location.search,
  loader: ({ context, deps }) => void context.queryClient.prefetchQuery(ledger.accountsQuery(deps)),
  component: lazyRouteComponent(() => import("./ledger/Accounts"), "Accounts"),
});

const accountRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: "/ledger/accounts/$id",
  validateSearch: search.account,
  loader: ({ context, params }) => void context.queryClient.prefetchQuery(ledger.accountQuery(params.id)),
  component: lazyRouteComponent(() => import("./ledger/Account"), "AccountPage"),
});

const holdsRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: "/ledger/holds",
  validateSearch: search.holds,
  loaderDeps: (location) => location.search,
  loader: ({ context, deps }) => void context.queryClient.prefetchQuery(ledger.holdsQuery(deps)),
  component: lazyRouteComponent(() => import("./ledger/Holds"), "Holds"),
});

const holdRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: "/ledger/holds/$id",
  loader: ({ context, params }) => void context.queryClient.prefetchQuery(ledger.holdQuery(params.id)),
  component: lazyRouteComponent(() => import("./ledger/Hold"), "HoldPage"),
});

const ledgerTrialRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: "/ledger/trial-balance",
  validateSearch: search.ledgerTrial,
  loaderDeps: (location) => location.search,
  loader: ({ context, deps }) => void context.queryClient.prefetchQuery(ledger.ledgerTrialQuery(deps)),
  component: lazyRouteComponent(() => import("./ledger/TrialBalance"), "LedgerTrialBalance"),
});

const sealsRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: "/ledger/seals",
  validateSearch: search.seals,
  loader: ({ context }) => void context.queryClient.prefetchQuery(ledger.sealsQuery),
  component: lazyRouteComponent(() => import("./ledger/Seals"), "Seals"),
});

const connectionsRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: "/connections",
  loader: ({ context }) => void context.queryClient.prefetchQuery(connections.connectionsQuery),
  component: lazyRouteComponent(() => import("./connections/Connections"), "Connections"),
});

const connectionRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: "/connections/$code",
  loader: ({ context, params }) =>
    void context.queryClient.prefetchQuery(connections.connectionQuery(params.code)),
  component: lazyRouteComponent(() => import("./connections/Connection"), "ConnectionPage"),
});

const routingRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: "/routing",
  validateSearch: search.routing,
  loader: ({ context }) => void context.queryClient.prefetchQuery(routing.routingQuery),
  component: lazyRouteComponent(() => import("./routing/Routing"), "Routing"),
});

const approvalsRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: "/approvals",
  validateSearch: search.approvals,
  loaderDeps: (location) => location.search,
  loader: ({ context, deps }) => void context.queryClient.prefetchQuery(connections.approvalsQuery(deps)),
  component: lazyRouteComponent(() => import("./connections/Approvals"), "Approvals"),
});

const notificationsRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: "/notifications",
  validateSearch: search.notifications,
  loaderDeps: (location) => location.search,
  loader: ({ context, deps }) =>
    void context.queryClient.prefetchQuery(notifications.notificationsQuery(deps)),
  component: lazyRouteComponent(() => import("./notifications/Notifications"), "Notifications"),
});

const notificationRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: "/notifications/$id",
  loader: ({ context, params }) =>
    void context.queryClient.prefetchQuery(notifications.notificationQuery(params.id)),
  component: lazyRouteComponent(() => import("./notifications/Notification"), "NotificationPage"),
});

const endpointsRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: "/endpoints",
  loader: ({ context }) => void context.queryClient.prefetchQuery(notifications.endpointsQuery),
  component: lazyRouteComponent(() => import("./notifications/Endpoints"), "Endpoints"),
});

const loansRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: "/loans",
  validateSearch: search.loans,
  loaderDeps: (location) => location.search,
  loader: ({ context, deps }) => void context.queryClient.prefetchQuery(api.loansQuery(deps)),
  component: lazyRouteComponent(() => import("./pages/Loans"), "Loans"),
});

const loanRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: "/loans/$id",
  loader: ({ context, params }) => void context.queryClient.prefetchQuery(api.loanQuery(params.id)),
  component: lazyRouteComponent(() => import("./pages/Loan"), "LoanPage"),
});

const fundersRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: "/funders",
  loader: ({ context }) => void context.queryClient.prefetchQuery(api.fundersQuery),
  component: lazyRouteComponent(() => import("./pages/Funders"), "Funders"),
});

const invariantsRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: "/invariants",
  loader: ({ context }) => void context.queryClient.prefetchQuery(api.invariantsQuery),
  component: lazyRouteComponent(() => import("./pages/Invariants"), "Invariants"),
});

const routeTree = rootRoute.addChildren([
  signInRoute,
  shellRoute.addChildren([
    overviewRoute,
    paymentsRoute,
    paymentRoute,
    merchantsRoute,
    merchantRoute,
    transactionRoute,
    reconciliationRoute,
    reconciliationDayRoute,
    vouchersRoute,
    voucherRoute,
    trialBalanceRoute,
    accountsRoute,
    accountRoute,
    holdsRoute,
    holdRoute,
    ledgerTrialRoute,
    sealsRoute,
    connectionsRoute,
    connectionRoute,
    routingRoute,
    approvalsRoute,
    notificationsRoute,
    notificationRoute,
    endpointsRoute,
    loansRoute,
    loanRoute,
    fundersRoute,
    invariantsRoute,
  ]),
]);

export const router = createRouter({
  routeTree,
  basepath: "/console",
  context: { queryClient },
  parseSearch,
  stringifySearch: (search) => queryString(search as Record<string, string>),
  defaultPreload: "intent",
  defaultPreloadStaleTime: 0,
  scrollRestoration: true,
  defaultPendingComponent: SkeletonPage,
  defaultPendingMs: 150,
  defaultErrorComponent: PageError,
  defaultNotFoundComponent: NotFound,
});

declare module "@tanstack/react-router" {
  interface Register {
    router: typeof router;
  }
}
