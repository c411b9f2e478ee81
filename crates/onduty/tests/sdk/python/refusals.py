"""What the SDK raises where it is refused, as one JSON document.

    refusals.py ADDRESS CLIENT_ID CLIENT_SECRET [CLIENT_WITHOUT_ROLES]
"""

import json
import sys

import PureCloudPlatformClientV2 as sdk

from model_tables import Departures
from recorded import RecordedClient, refusal, signed_in

NOBODY = "00000000-0000-4000-8000-00000000dead"
# Our own member of the platform's error body, on the sidecar.
EXCUSED = {r"\.finding: unknown member of ErrorBody$": "what was found about the miss"}


def main(address, client_id, client_secret, without_roles=None):
    departures = Departures(EXCUSED)
    stranger = RecordedClient(address, departures)
    stranger.access_token = "no-such-token"
    client = signed_in(address, client_id, client_secret, departures)
    users, presences = sdk.UsersApi(client), sdk.PresenceApi(client)
    seen = {
        "wrong_secret": refusal(lambda: signed_in(address, client_id, "wrong", departures)),
        "wrong_token": refusal(lambda: sdk.UsersApi(stranger).get_users()),
        "unknown_user": refusal(lambda: users.get_user(NOBODY)),
        "presence_of_nobody": refusal(lambda: presences.get_user_presences_purecloud(NOBODY)),
        "routing_of_nobody": refusal(lambda: users.get_user_routingstatus(NOBODY).status),
        "unknown_path": refusal(lambda: users.get_user_station(NOBODY)),
    }
    if without_roles:
        analytics = sdk.AnalyticsApi(signed_in(address, without_roles, client_secret, departures))
        seen["without_roles"] = refusal(lambda: analytics.get_analytics_agent_status(NOBODY))
    print(json.dumps(seen | {"departures": departures.found}))


main(*sys.argv[1:])
