/** How a list stands: on its way, not to be had, or with nothing in it; else it shows for itself. */

import type { ReactNode } from "react";
import type { Loaded } from "../hooks";
import { houseText } from "./form";
import { Empty, Failed, Loading } from "./states";

export function ListState({
  loaded,
  count,
  empty,
  onRetry,
}: {
  readonly loaded: Loaded<unknown>;
  /** How much there is to show of what was loaded. */
  readonly count: number | undefined;
  /** What is said when that is nothing. */
  readonly empty: ReactNode;
  readonly onRetry: () => void;
}) {
  return (
    <>
      {loaded.state === "failed" && <Failed onRetry={onRetry}>{houseText(loaded.problem)}</Failed>}
      {loaded.state === "loading" && loaded.value === undefined && <Loading />}
      {loaded.value !== undefined && count === 0 && <Empty>{empty}</Empty>}
    </>
  );
}
