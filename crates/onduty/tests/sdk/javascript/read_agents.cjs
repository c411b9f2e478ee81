// Reads every agent in every way the SDK offers, and prints what it saw as one JSON document.
//
//     node read_agents.cjs ADDRESS CLIENT_ID CLIENT_SECRET
//
// The same file runs against the platform's simulator and against the sidecar; only the address differs.

"use strict";

const { VERSION, run, sdk, signedIn } = require("./connected.cjs");

const PAGE_SIZE = 25;
// The most that the bulk call takes.
const BULK = 50;
const EXPAND = ["presence", "routingStatus"];

const presence = ({ presenceDefinition, modifiedDate }) => ({
  systemPresence: presenceDefinition.systemPresence,
  definitionId: presenceDefinition.id,
  modifiedDate,
});
const routing = ({ status, startTime }) => ({ status, startTime });
const state = (user) => ({ id: user.id, presence: presence(user.presence), routingStatus: routing(user.routingStatus) });

/** Everybody, a page at a time. */
async function walked(users) {
  const listed = [];
  for (let pageNumber = 1; ; pageNumber += 1) {
    const { body } = await users.getUsers({ pageSize: PAGE_SIZE, pageNumber, expand: EXPAND });
    listed.push(...body.entities.map(state));
    if (pageNumber >= body.pageCount) {
      return { pages: pageNumber, total: body.total, listed };
    }
  }
}

run(async (address, clientId, clientSecret) => {
  await signedIn(address, clientId, clientSecret);
  const [users, presences] = [new sdk.UsersApi(), new sdk.PresenceApi()];
  const { pages, total, listed } = await walked(users);
  const ids = listed.map((user) => user.id);
  const one = await users.getUser(ids[0], { expand: EXPAND });
  const some = await users.getUsers({ id: ids.slice(0, 3), expand: EXPAND });
  const singly = [];
  for (const id of ids.slice(0, 3)) {
    singly.push({
      id,
      presence: presence((await presences.getUserPresencesPurecloud(id)).body),
      routingStatus: routing((await users.getUserRoutingstatus(id)).body),
    });
  }
  const bulk = [];
  for (let start = 0; start < ids.length; start += BULK) {
    const { body } = await presences.getUsersPresencesPurecloudBulk({ id: ids.slice(start, start + BULK) });
    bulk.push(...body.map((seen) => ({ id: seen.userId, presence: presence(seen) })));
  }
  const definitions = (await presences.getPresenceDefinitions0()).body.entities;
  const token = (await new sdk.TokensApi().getTokensMe()).body;
  return {
    sdk: VERSION,
    pages,
    total,
    listed,
    one: state(one.body),
    some: some.body.entities.map(state),
    singly,
    bulk,
    definitions: Object.fromEntries(definitions.map(({ id, systemPresence }) => [id, systemPresence])),
    client: token.OAuthClient.id,
  };
});
