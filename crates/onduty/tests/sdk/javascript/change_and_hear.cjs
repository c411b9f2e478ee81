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
  socket.on("message", (data) => heard.push(JSON.parse(data)));
  const hear = async (wanted) => {
    while (!heard.some(wanted)) {
      await once(socket, "message", { signal: AbortSignal.timeout(DEADLINE) });
    }
  };
  await once(socket, "open", { signal: AbortSignal.timeout(DEADLINE) });
  socket.send(JSON.stringify({ message: "ping" }));
  // Of an answer and an event that are under way at once nobody knows which comes first.
  await hear((frame) => frame.eventBody.message === "pong");
  const presence = { presenceDefinition: { id: definitionId } };
  const patched = (await new sdk.PresenceApi().patchUserPresencesPurecloud(userId, presence)).body;
  await hear((frame) => frame.topicName === topic);
  socket.terminate();
  return {
    channel: channel.id,
    states: topics.body.entities.map((entity) => entity.state),
    patched: patched.presenceDefinition.id,
    heard,
  };
});
