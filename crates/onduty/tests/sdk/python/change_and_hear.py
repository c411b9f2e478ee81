"""Subscribes to one agent's activity, changes the agent's presence through the SDK, and prints what the socket brought.

    change_and_hear.py ADDRESS CLIENT_ID CLIENT_SECRET USER_ID DEFINITION_ID
"""

import json
import sys

import PureCloudPlatformClientV2 as sdk
import websocket

from model_tables import Departures
from recorded import AUTHORITY, signed_in

# Seconds. A change arrives in a moment; this is when to give up.
DEADLINE = 30


def main(address, client_id, client_secret, user_id, definition_id):
    departures = Departures()
    client = signed_in(address, client_id, client_secret, departures)
    notifications, presences = sdk.NotificationsApi(client), sdk.PresenceApi(client)
    channel = notifications.post_notifications_channels()
    topic = sdk.ChannelTopic()
    topic.id = f"v2.users.{user_id}.activity"
    topics = notifications.post_notifications_channel_subscriptions(channel.id, [topic], ignore_errors=True)
    trust = {"ca_certs": AUTHORITY} if AUTHORITY else {}
    socket = websocket.create_connection(channel.connect_uri, timeout=DEADLINE, sslopt=trust)
    heard = []

    def hear(wanted):
        while not heard or not wanted(heard[-1]):
            heard.append(json.loads(socket.recv()))
            departures.frame(heard[-1], "frame")

    socket.send(json.dumps({"message": "ping"}))
    # Of an answer and an event that are under way at once nobody knows which comes first.
    hear(lambda frame: frame["eventBody"].get("message") == "pong")
    presence = sdk.UserPresence()
    presence.presence_definition = sdk.PresenceDefinition()
    presence.presence_definition.id = definition_id
    patched = presences.patch_user_presences_purecloud(user_id, presence)

    hear(lambda frame: frame["topicName"] == topic.id)
    socket.close()
    print(
        json.dumps(
            {
                "channel": channel.id,
                "states": [entity.state for entity in topics.entities],
                "patched": patched.presence_definition.id,
                "heard": heard,
                "departures": departures.found,
                "bodies": departures.bodies,
            }
        )
    )


main(*sys.argv[1:])
