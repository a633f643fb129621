/** What the views of the console share. */

import { useMemo } from "react";
import { OperatorApi } from "../../data/operator-api";
import { useExchange, usePerson } from "../../hooks";

export function useOperatorApi(): OperatorApi {
  const { rest } = useExchange();
  return useMemo(() => new OperatorApi(rest), [rest]);
}

/** Whether whoever looks may also act. */
export function useMay(...roles: readonly string[]): boolean {
  const own: readonly string[] = usePerson().me?.session.roles ?? [];
  return own.includes("ADMIN") || roles.some((role) => own.includes(role));
}
