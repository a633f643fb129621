/** The calls of /x/v1/wallet: money in and out. */

import type {
  AddressList,
  AddressView,
  DepositAddress,
  DepositList,
  MadePayment,
  NewAddress,
  NewWithdrawal,
  Offer,
  Offers,
  QuoteView,
  QuoteWanted,
  StatementView,
  WalletAssets,
  WithdrawalList,
  WithdrawalView,
} from "./openapi";
import type { Result } from "./problems";
import { queryText, type RestClient } from "./rest";

const BASE = "/x/v1/wallet";

export interface Period {
  readonly start_us?: number;
  readonly end_us?: number;
}

export class WalletApi {
  constructor(private readonly rest: RestClient) {}

  assets(): Promise<Result<WalletAssets>> {
    return this.rest.get(`${BASE}/assets`);
  }

  depositAddress(asset: string, network: string): Promise<Result<DepositAddress>> {
    return this.rest.get(`${BASE}/deposit-address`, { asset, network });
  }

  deposits(): Promise<Result<DepositList>> {
    return this.rest.get(`${BASE}/deposits`);
  }

  quote(wanted: QuoteWanted): Promise<Result<QuoteView>> {
    return this.rest.post(`${BASE}/withdrawals/quote`, wanted);
  }

  withdraw(wanted: NewWithdrawal): Promise<Result<WithdrawalView>> {
    return this.rest.post(`${BASE}/withdrawals`, wanted);
  }

  withdrawals(): Promise<Result<WithdrawalList>> {
    return this.rest.get(`${BASE}/withdrawals`);
  }

  cancelWithdrawal(id: string): Promise<Result<WithdrawalView>> {
    return this.rest.post(`${BASE}/withdrawals/${encodeURIComponent(id)}/cancel`);
  }

  addresses(): Promise<Result<AddressList>> {
    return this.rest.get(`${BASE}/addresses`);
  }

  allow(address: NewAddress): Promise<Result<AddressView>> {
    return this.rest.post(`${BASE}/addresses`, address);
  }

  disallow(network: string, address: string): Promise<Result<unknown>> {
    const [first, second] = [network, address].map(encodeURIComponent);
    return this.rest.delete(`${BASE}/addresses/${first}/${second}`);
  }

  offers(): Promise<Result<Offers>> {
    return this.rest.get(`${BASE}/faucet`);
  }

  takeGift(asset: string): Promise<Result<Offer>> {
    return this.rest.post(`${BASE}/faucet`, { asset });
  }

  simulatePayment(asset: string, network: string, amount: string): Promise<Result<MadePayment>> {
    return this.rest.post(`${BASE}/simulated-payments`, { asset, network, amount });
  }

  statement(period: Period, after = ""): Promise<Result<StatementView>> {
    return this.rest.get(`${BASE}/statement`, { ...period, after, limit: 100 });
  }
}

/** Where the whole statement of a period is, as a file. */
export function statementFile(apiBase: string, period: Period): string {
  return `${apiBase}${BASE}/statement.csv${queryText({ ...period })}`;
}
