import { Link, useNavigate } from "@tanstack/react-router";
import type { AriaAttributes, ReactNode } from "react";
import { splitPath } from "./paths";

/** A link inside the console, given as a path such as `/payments?state=closed`. Loads its data on hover. */
export function AppLink(
  props: { href: string; className?: string; children: ReactNode; title?: string } & AriaAttributes,
) {
  const { href, ...rest } = props;
  const { to, search } = splitPath(href);
  return <Link to={to} search={search} {...rest} />;
}

/** Go to a path of the console from code. */
export function useOpen(): (href: string) => void {
  const navigate = useNavigate();
  return (href) => void navigate(splitPath(href));
}
