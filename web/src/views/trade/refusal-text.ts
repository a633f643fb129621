/** What to say to a person about a refusal, and where. */

import {
  byTotal,
  type FieldName,
  hasLimitPrice,
  hasStopPrice,
  type OrderDraft,
} from "../../data/order-form";
import type { Problem } from "../../data/problems";
import { refusalOf } from "../../data/refusals";
import { texts } from "../../texts/en";

export interface FormRefusal {
  readonly field: FieldName;
  readonly text: string;
}

export function problemText(problem: Problem): string {
  const { key } = refusalOf(problem);
  if (key !== "other") return texts.refusals[key];
  return problem.detail ? `${texts.refusals.other} ${problem.detail}` : texts.refusals.other;
}

/** A field that the form does not show now cannot tell of what is wrong with it: then the form does. */
export function formRefusal(problem: Problem, draft: OrderDraft): FormRefusal {
  const { field } = refusalOf(problem);
  const shown: Record<FieldName, boolean> = {
    price: hasLimitPrice(draft.kind),
    stopPrice: hasStopPrice(draft.kind),
    quantity: !byTotal(draft),
    total: byTotal(draft),
    trailing: draft.kind === "trailing",
    iceberg: draft.kind === "limit",
    form: true,
  };
  const text = problemText(problem);
  if (shown[field]) return { field, text };
  return { field: field === "quantity" ? "total" : "form", text };
}
