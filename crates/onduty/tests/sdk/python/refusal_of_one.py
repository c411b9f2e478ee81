"""What the SDK raises where it is refused one user, as one JSON document.

    refusal_of_one.py ADDRESS CLIENT_ID CLIENT_SECRET USER_ID
"""

import json
import sys

import PureCloudPlatformClientV2 as sdk

from model_tables import Departures
from recorded import refusal, signed_in

# Our own member of the platform's error body.
EXCUSED = {r"\.finding: unknown member of ErrorBody$": "what was found about the miss"}


def main(address, client_id, client_secret, user_id):
    departures = Departures(EXCUSED)
    users = sdk.UsersApi(signed_in(address, client_id, client_secret, departures))
    seen = {"user": refusal(lambda: users.get_user(user_id, expand=["presence", "routingStatus"]))}
    print(json.dumps(seen | {"departures": departures.found, "bodies": departures.bodies}))


main(*sys.argv[1:])
