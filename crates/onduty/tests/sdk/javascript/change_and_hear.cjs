// Subscribes to one agent's activity, changes the agent's presence through the SDK, and prints what the socket brought.
//
//     node change_and_hear.cjs ADDRESS CLIENT_ID CLIENT_SECRET USER_ID DEFINITION_ID

"use strict";

const { once } = require("node:events");
const WebSocket = require("ws");

const { run, sdk, signedIn } = require("./connected.cjs");

// Milliseconds. A change arrives in a moment; this is when to give up.
const DEADLINE = 30_000;

run(async (address, clientId, clientSecret, userId, definitionId) => {
  await signedIn(address, clientId, clientSecret);
  const notifications = new sdk.NotificationsApi();
  const channel = (await notifications.postNotificationsChannels()).body;
  const topic = `v2.users.${userId}.activity`;
  const subscribe = { ignoreErrors: true };
  const topics = await notifications.postNotificationsChannelSubscriptions(channel.id, [{ id: topic }], subscribe);

  const socket = new WebSocket(channel.connectUri, { handshakeTimeout: DEADLINE });
  const heard = [];
  const came = new Promise((resolve) => {
    socket.on("message", (data) => {
      heard.push(JSON.parse(data));
      if (heard.at(-1).topicName === topic) {
        resolve();
      }
    });
  });
  await once(socket, "open", { signal: AbortSignal.timeout(DEADLINE) });
  socket.send(JSON.stringify({ message: "ping" }));
  const presence = { presenceDefinition: { id: definitionId } };
  const patched = (await new sdk.PresenceApi().patchUserPresencesPurecloud(userId, presence)).body;
  const late = setTimeout(() => socket.terminate(), DEADLINE);
  await Promise.race([came, once(socket, "close")]);
  clearTimeout(late);
  socket.terminate();
  return {
    channel: channel.id,
    states: topics.body.entities.map((entity) => entity.state),
    patched: patched.presenceDefinition.id,
    heard,
  };
});
