/** The operators' calls of /x/v1. */

import type {
  AuditPage,
  ConservationView,
  FeesList,
  HealthView,
  MarketList,
  MarketView,
  NewFees,
  OperatorPersonView,
  PeoplePage,
  UnclaimedList,
  UnclaimedView,
  WithdrawalList,
  WithdrawalView,
} from "./openapi";
import type { Result } from "./problems";
import type { RestClient } from "./rest";

const BASE = "/x/v1/operator";

export interface AuditQuestion {
  readonly before?: number;
  readonly actor?: string;
  readonly action?: string;
  readonly object?: string;
}

export class OperatorApi {
  constructor(private readonly rest: RestClient) {}

  health(): Promise<Result<HealthView>> {
    return this.rest.get(`${BASE}/health`);
  }

  markets(): Promise<Result<MarketList>> {
    return this.rest.get(`${BASE}/markets`);
  }

  setStatus(symbol: string, status: string): Promise<Result<MarketView>> {
    return this.rest.put(`${BASE}/markets/${encodeURIComponent(symbol)}/status`, { status });
  }

  setFilters(
    symbol: string,
    filters: Readonly<Record<string, string>>,
  ): Promise<Result<MarketView>> {
    return this.rest.put(`${BASE}/markets/${encodeURIComponent(symbol)}/filters`, { filters });
  }

  fees(): Promise<Result<FeesList>> {
    return this.rest.get(`${BASE}/fees`);
  }

  setFees(fees: NewFees): Promise<Result<FeesList>> {
    return this.rest.put(`${BASE}/fees`, fees);
  }

  ledger(): Promise<Result<ConservationView>> {
    return this.rest.get(`${BASE}/ledger`);
  }

  people(containing: string, after: number): Promise<Result<PeoplePage>> {
    return this.rest.get(`${BASE}/people`, { containing, after });
  }

  lock(personId: number): Promise<Result<OperatorPersonView>> {
    return this.rest.post(`${BASE}/people/${personId}/lock`);
  }

  unlock(personId: number): Promise<Result<OperatorPersonView>> {
    return this.rest.post(`${BASE}/people/${personId}/unlock`);
  }

  endSessions(personId: number): Promise<Result<OperatorPersonView>> {
    return this.rest.post(`${BASE}/people/${personId}/end-sessions`);
  }

  removeFactors(personId: number): Promise<Result<OperatorPersonView>> {
    return this.rest.post(`${BASE}/people/${personId}/remove-factors`);
  }

  setRoles(personId: number, roles: readonly string[]): Promise<Result<OperatorPersonView>> {
    return this.rest.put(`${BASE}/people/${personId}/roles`, { roles });
  }

  withdrawals(state: string): Promise<Result<WithdrawalList>> {
    return this.rest.get(`${BASE}/withdrawals`, { state });
  }

  decide(
    id: string,
    decision: "approve" | "reject",
    note: string,
  ): Promise<Result<WithdrawalView>> {
    return this.rest.post(`${BASE}/withdrawals/${encodeURIComponent(id)}/${decision}`, { note });
  }

  unclaimedPayments(state: string): Promise<Result<UnclaimedList>> {
    return this.rest.get(`${BASE}/wallet/unclaimed-payments`, { state });
  }

  assignPayment(number: number, account: number, note: string): Promise<Result<UnclaimedView>> {
    const body = { account_id: account, note };
    return this.rest.post(`${BASE}/wallet/unclaimed-payments/${number}/assign`, body);
  }

  dismissPayment(number: number, reason: string): Promise<Result<UnclaimedView>> {
    return this.rest.post(`${BASE}/wallet/unclaimed-payments/${number}/dismiss`, { reason });
  }

  audit(question: AuditQuestion): Promise<Result<AuditPage>> {
    return this.rest.get(`${BASE}/audit`, { ...question });
  }
}
