/** What is shown when there is nothing to show: not yet, not any more, or not at all. */

import { Component, type ReactNode } from "react";
import { texts } from "../texts/en";

export function Loading() {
  return (
    <p className="state" role="status">
      <span className="spinner" aria-hidden="true" />
      {texts.states.loading}
    </p>
  );
}

export function Empty({ children }: { readonly children: ReactNode }) {
  return <p className="state">{children}</p>;
}

export function Failed({
  children = texts.states.failed,
  onRetry,
}: {
  readonly children?: ReactNode;
  readonly onRetry?: () => void;
}) {
  return (
    <div className="state" role="alert">
      <p>{children}</p>
      {onRetry && (
        <button type="button" className="button" onClick={onRetry}>
          {texts.states.retry}
        </button>
      )}
    </div>
  );
}

/** The last resort: a view that broke says so, and the rest of the page goes on. */
export class Guard extends Component<
  { readonly children: ReactNode },
  { readonly isBroken: boolean }
> {
  override state = { isBroken: false };

  static getDerivedStateFromError(): { isBroken: boolean } {
    return { isBroken: true };
  }

  override render(): ReactNode {
    if (!this.state.isBroken) return this.props.children;
    return (
      <div className="state" role="alert">
        <p>{texts.states.broken}</p>
        <button type="button" className="button" onClick={() => location.reload()}>
          {texts.states.reload}
        </button>
      </div>
    );
  }
}
