// What the SDK rejects with where it is refused, as one JSON document.
//
//     node refusals.cjs ADDRESS CLIENT_ID CLIENT_SECRET [CLIENT_WITHOUT_ROLES]

"use strict";

const { client, refusal, run, sdk, signedIn } = require("./connected.cjs");

const NOBODY = "00000000-0000-4000-8000-00000000dead";

run(async (address, clientId, clientSecret, withoutRoles) => {
  const [users, presences] = [new sdk.UsersApi(), new sdk.PresenceApi()];
  const seen = {};
  seen.wrong_secret = await refusal(() => signedIn(address, clientId, "wrong"));
  client(address).setAccessToken("no-such-token");
  seen.wrong_token = await refusal(() => users.getUsers());
  await signedIn(address, clientId, clientSecret);
  seen.unknown_user = await refusal(() => users.getUser(NOBODY));
  seen.presence_of_nobody = await refusal(() => presences.getUserPresencesPurecloud(NOBODY));
  seen.routing_of_nobody = await refusal(() => users.getUserRoutingstatus(NOBODY));
  seen.unknown_path = await refusal(() => users.getUserStation(NOBODY));
  if (withoutRoles) {
    await signedIn(address, withoutRoles, clientSecret);
    seen.without_roles = await refusal(() => new sdk.AnalyticsApi().getAnalyticsAgentStatus(NOBODY));
  }
  return seen;
});
