// The SDK pointed at an address, and what its users see of a refusal.

"use strict";

const { version } = require("purecloud-platform-client-v2/package.json");
const sdk = require("purecloud-platform-client-v2");

/** A client of that address, not signed in. The SDK has one for the whole process; `setGateway` is its only way to plain HTTP. */
function client(address) {
  const { hostname, port, protocol } = new URL(address);
  sdk.ApiClient.instance.setGateway({ host: hostname, protocol: protocol.replace(":", ""), port });
  // With the status and the headers of an answer beside its body.
  sdk.ApiClient.instance.setReturnExtendedResponses(true);
  return sdk.ApiClient.instance;
}

async function signedIn(address, clientId, clientSecret) {
  const connected = client(address);
  await connected.loginClientCredentialsGrant(clientId, clientSecret);
  return connected;
}

/** What the SDK rejected with; or what it gave, if it did not. */
async function refusal(call) {
  try {
    const given = await call();
    return { type: null, given: given.body ? given.body.status : null };
  } catch (rejected) {
    // A refused log-in comes as the error of the HTTP client, any other refusal as the SDK's own object.
    const { status, body, type } = rejected.response
      ? { status: rejected.response.status, body: rejected.response.data, type: rejected.name }
      : { status: rejected.status, body: rejected.body, type: rejected.error.name };
    return { type, status, code: body.code || body.error, body };
  }
}

/** Runs what a script is for, with its arguments; what it gives is printed as one JSON document. */
function run(main) {
  main(...process.argv.slice(2)).then(
    (seen) => {
      process.stdout.write(JSON.stringify(seen));
    },
    (failed) => {
      console.error(failed);
      process.exitCode = 1;
    },
  );
}

module.exports = { VERSION: `purecloud-platform-client-v2 ${version}`, client, refusal, run, sdk, signedIn };
