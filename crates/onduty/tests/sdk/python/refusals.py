"""What the SDK raises where it is refused, as one JSON document.

    refusals.py ADDRESS CLIENT_ID CLIENT_SECRET [CLIENT_WITHOUT_ROLES]
"""

import json
import sys

import PureCloudPlatformClientV2 as sdk

from model_tables import Departures
from recorded import RecordedClient, refusal, signed_in

NOBODY = "00000000-0000-4000-8000-00000000dead"
# Our own members beside the platform's, on the sidecar.
EXCUSED = {
    r"\.finding: unknown member of ErrorBody$": "what was found about the miss",
    r"\.findings: unknown member of (UserEntityListing|ErrorBody)$": "why each id is missing",
    r"\.presences: unknown member of ErrorBody$": "those whom a bulk call did find",
}


def main(address, client_id, client_secret, without_roles=None):
    departures = Departures(EXCUSED)
    stranger = RecordedClient(address, departures)
    stranger.access_token = "no-such-token"
    client = signed_in(address, client_id, client_secret, departures)
    users, presences = sdk.UsersApi(client), sdk.PresenceApi(client)
    somebody = users.get_users(page_size=1).entities[0].id
    both = [somebody, NOBODY]
    # For the sake of their bodies: the platform leaves one of the two out, the sidecar says why.
    users.get_users(id=both, expand=["presence"])
    refusal(lambda: presences.get_users_presences_purecloud_bulk(id=both))
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
    print(json.dumps(seen | {"departures": departures.found, "bodies": departures.bodies}))


main(*sys.argv[1:])
