"""Reads every agent in every way the SDK offers, and prints what it saw as one JSON document.

    read_agents.py ADDRESS CLIENT_ID CLIENT_SECRET

The same file runs against the platform's simulator and against the sidecar; only the address differs.
"""

import json
import sys

import PureCloudPlatformClientV2 as sdk

from model_tables import Departures
from recorded import VERSION, refusal, signed_in

PAGE_SIZE = 25
# The most that the bulk call takes.
BULK = 50

# Our own members beside the platform's, on the sidecar. `read_everything.py` excuses the simulator nothing.
EXCUSED = {
    r"\.account: unknown member of UserEntityListing$": "who is listed, withheld and left out adds up",
    r"\.finding: unknown member of ErrorBody$": "what was found about the miss",
}


def written(date):
    return date and date.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def presence(seen):
    return {
        "systemPresence": seen.presence_definition.system_presence,
        "definitionId": seen.presence_definition.id,
        "modifiedDate": written(seen.modified_date),
    }


def routing(seen):
    return {"status": seen.status, "startTime": written(seen.start_time)}


def state(seen):
    return {"id": seen.id, "presence": presence(seen.presence), "routingStatus": routing(seen.routing_status)}


def walked(users):
    """Everybody, a page at a time."""
    listed, pages, expand = [], 0, ["presence", "routingStatus"]
    while True:
        pages += 1
        page = users.get_users(page_size=PAGE_SIZE, page_number=pages, expand=expand)
        listed += [state(user) for user in page.entities]
        if pages >= page.page_count:
            return pages, page.total, listed


def rarely_read(client, id, definition):
    """What is read on the way, for the sake of its bodies: each is held against the tables."""
    users, presences = sdk.UsersApi(client), sdk.PresenceApi(client)
    users.get_user(id, expand=["outOfOffice"])
    presences.get_presence_definition(definition)
    sdk.TokensApi(client).head_tokens_me()
    refusal(lambda: users.get_users(page_size=501))
    refusal(lambda: users.get_user("4711"))


def main(address, client_id, client_secret):
    departures = Departures(EXCUSED)
    client = signed_in(address, client_id, client_secret, departures)
    users, presences = sdk.UsersApi(client), sdk.PresenceApi(client)
    pages, total, listed = walked(users)
    ids = [user["id"] for user in listed]
    one = users.get_user(ids[0], expand=["presence", "routingStatus"])
    some = users.get_users(id=ids[:3], expand=["presence", "routingStatus"])
    singly = [
        {
            "id": id,
            "presence": presence(presences.get_user_presences_purecloud(id)),
            "routingStatus": routing(users.get_user_routingstatus(id)),
        }
        for id in ids[:3]
    ]
    bulk = [
        {"id": seen.user_id, "presence": presence(seen)}
        for start in range(0, len(ids), BULK)
        for seen in presences.get_users_presences_purecloud_bulk(id=ids[start : start + BULK])
    ]
    definitions = presences.get_presence_definitions()
    token = sdk.TokensApi(client).get_tokens_me()
    rarely_read(client, ids[0], definitions.entities[0].id)
    print(
        json.dumps(
            {
                "sdk": VERSION,
                "pages": pages,
                "total": total,
                "listed": listed,
                "one": state(one),
                "some": [state(user) for user in some.entities],
                "singly": singly,
                "bulk": bulk,
                "definitions": {seen.id: seen.system_presence for seen in definitions.entities},
                "client": token.o_auth_client.id,
                "departures": departures.found,
                "bodies": departures.bodies,
            }
        )
    )


main(*sys.argv[1:])
