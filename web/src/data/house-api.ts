/** The calls of /x/v1: people, keys, money, operators. Their types come from its OpenAPI description. */

import type { Result } from "./problems";
import type { RestClient } from "./rest";

export interface Me {
  readonly email: string;
  readonly roles: readonly string[];
}

export class HouseApi {
  constructor(private readonly rest: RestClient) {}

  me(): Promise<Result<Me>> {
    return this.rest.get("/x/v1/me");
  }

  signOut(): Promise<Result<unknown>> {
    return this.rest.post("/x/v1/auth/sign-out");
  }

  streamTicket(): Promise<Result<{ readonly ticket: string }>> {
    return this.rest.post("/x/v1/stream-tickets");
  }
}
