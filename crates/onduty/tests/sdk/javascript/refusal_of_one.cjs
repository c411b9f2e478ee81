// What the SDK rejects with where it is refused one user, as one JSON document.
//
//     node refusal_of_one.cjs ADDRESS CLIENT_ID CLIENT_SECRET USER_ID

"use strict";

const { refusal, run, sdk, signedIn } = require("./connected.cjs");

run(async (address, clientId, clientSecret, userId) => {
  await signedIn(address, clientId, clientSecret);
  const expand = ["presence", "routingStatus"];
  return { user: await refusal(() => new sdk.UsersApi().getUser(userId, { expand })) };
});
