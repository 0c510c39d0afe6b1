import { queryOptions } from "@tanstack/react-query";
import { call } from "./http";
import { get } from "./queries";
import type * as t from "./types";

const id = encodeURIComponent;
const LOOK_EVERY_MS = 5_000;
const LOOK_OFTEN_MS = 1_000;

export interface NotificationFilter {
  state?: string;
  topic?: string;
  endpoint?: string;
  q?: string;
  cursor?: string;
}

export const notificationsQuery = (filter: NotificationFilter) =>
  queryOptions({
    ...get<t.Page<t.EventRow, t.Undelivered>>("/notifications", { ...filter }, true),
    refetchInterval: LOOK_EVERY_MS,
  });

/** Looks often while something is on its way. */
export const notificationQuery = (event: string) =>
  queryOptions({
    ...get<t.EventPage>(`/notifications/${id(event)}`),
    refetchInterval: ({ state: { data } }) =>
      data?.event.state === "pending" ? LOOK_OFTEN_MS : LOOK_EVERY_MS,
  });

export const endpointsQuery = queryOptions({
  ...get<t.EndpointRow[]>("/endpoints"),
  refetchInterval: LOOK_EVERY_MS,
});

export const resendEvent = (event: string, endpoint: string | null) =>
  call<t.EventPage>(`/notifications/${id(event)}/resend`, { method: "POST", body: { endpoint } });
