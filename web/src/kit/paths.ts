/** Where every object lives, below the console's base path. */
const id = encodeURIComponent;

export const paths = {
  payment: (payment: string) => `/payments/${id(payment)}`,
  merchant: (merchantNo: string) => `/merchants/${id(merchantNo)}`,
  transaction: (transaction: string) => `/transactions/${id(transaction)}`,
  reconciliationDay: (date: string, channel: string) =>
    `/reconciliation/${id(date)}${channel ? `?channel=${id(channel)}` : ""}`,
  voucher: (voucher: string) => `/vouchers/${id(voucher)}`,
  loan: (loan: string) => `/loans/${id(loan)}`,
  account: (account: string) => `/ledger/accounts/${id(account)}`,
  accountsOf: (filter: Record<string, string>) => `/ledger/accounts?${new URLSearchParams(filter)}`,
  notification: (event: string) => `/notifications/${id(event)}`,
  notificationsOf: (filter: Record<string, string>) => `/notifications?${new URLSearchParams(filter)}`,
  hold: (hold: string) => `/ledger/holds/${id(hold)}`,
  paymentsOf: (filter: Record<string, string>) => `/payments?${new URLSearchParams(filter)}`,
};

/** Search parameters stay plain text, so that `?q=123` written by hand or by the server means the text 123. */
export function parseSearch(text: string): Record<string, string> {
  return Object.fromEntries(new URLSearchParams(text));
}

/** A path with its search parameters; a link of the API may carry the console's base path. */
export function splitPath(link: string): { to: string; search: Record<string, string> } {
  const [path = "/", query = ""] = link.replace(/^\/console(?=\/|$|\?)/, "").split("?");
  return { to: path || "/", search: parseSearch(query) };
}
