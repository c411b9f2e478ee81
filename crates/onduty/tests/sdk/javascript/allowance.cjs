// Makes more calls than are allowed in a window. The SDK rejects at once; to wait and to ask again is left to its users.
//
//     node allowance.cjs ADDRESS CLIENT_ID CLIENT_SECRET CALLS

"use strict";

const { setTimeout } = require("node:timers/promises");

const { run, sdk, signedIn } = require("./connected.cjs");

/** Calls until it is answered, and waits as long as it is told in between. */
async function patiently(call, refused) {
  for (;;) {
    try {
      return await call();
    } catch (rejected) {
      if (rejected.status !== 429) {
        throw rejected;
      }
      refused.push(rejected.body.code);
      await setTimeout(1000 * Number(rejected.headers["retry-after"]));
    }
  }
}

run(async (address, clientId, clientSecret, calls) => {
  await signedIn(address, clientId, clientSecret);
  const users = new sdk.UsersApi();
  const refused = [];
  let answered = 0;
  for (let call = 0; call < Number(calls); call += 1) {
    const { body } = await patiently(() => users.getUsers({ pageSize: 1 }), refused);
    answered += body.entities.length;
  }
  return { answered, refused };
});
