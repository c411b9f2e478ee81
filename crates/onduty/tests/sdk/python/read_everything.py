"""Calls whatever the simulator serves through the SDK, and prints where a body departs from the SDK's model tables.

    read_everything.py ADDRESS CLIENT_ID CLIENT_SECRET

Paths of the agent-states API are not among them: the SDK has none.
"""

import json
import sys
import uuid

import PureCloudPlatformClientV2 as sdk
import websocket
from PureCloudPlatformClientV2.rest import ApiException

from model_tables import Departures
from recorded import signed_in

NOBODY = "00000000-0000-4000-8000-00000000dead"
# Seconds. An event arrives in a moment; this is when to give up.
DEADLINE = 30
FACETS = ["presence", "routingStatus", "activity", "outofoffice"]
EXPAND = ["presence", "routingStatus", "outOfOffice", "station", "authorization", "conversationSummary"]
ON_QUEUE = "e08eaf1b-ee47-4fa9-a231-1200e284798f"
BREAK = "227b37e2-f1d0-4dd0-8f50-badd7cf6d158"


def own_rights(client):
    authorization, organization = sdk.AuthorizationApi(client), sdk.OrganizationApi(client)
    yield lambda: sdk.TokensApi(client).get_tokens_me()
    yield authorization.get_authorization_subjects_me
    yield lambda: authorization.get_authorization_divisionspermitted_paged_me("directory:user:view")
    yield authorization.get_authorization_divisions
    yield authorization.get_authorization_divisions_home
    yield authorization.get_authorization_permissions
    yield lambda: sdk.OAuthApi(client).get_oauth_clients()
    yield organization.get_organizations_me
    yield lambda: organization.get_organizations_limits_namespace("platform.api")
    yield lambda: organization.get_organizations_limits_namespace_defaults("platform.api")


def people(client, id):
    users = sdk.UsersApi(client)
    for state in ("active", "inactive", "deleted", "any"):
        yield lambda: users.get_users(page_size=500, state=state, expand=EXPAND)
    yield lambda: users.get_users(page_size=7, page_number=2)
    yield lambda: users.get_users_query(page_size=25, expand=EXPAND)
    yield users.get_users_me
    yield lambda: users.get_user(id, expand=EXPAND)
    yield lambda: users.get_user(NOBODY)
    yield lambda: users.get_user_state(id)
    yield lambda: users.get_user_queues(id)
    yield lambda: users.get_user_routingstatus(id)
    yield lambda: users.get_user_routingstatus(NOBODY)
    search = {"query": [{"type": "EXACT", "fields": ["id"], "values": [id]}], "expand": EXPAND}
    yield lambda: users.post_users_search(search)


def presences(client, id):
    presence = sdk.PresenceApi(client)
    yield lambda: presence.get_user_presences_purecloud(id)
    yield lambda: presence.get_user_presences_purecloud(NOBODY)
    yield lambda: presence.get_users_presences_purecloud_bulk(id=[id, NOBODY])
    yield presence.get_presence_definitions
    yield lambda: presence.get_presence_definitions(deactivated="TRUE")
    yield lambda: presence.get_presence_definition(BREAK)
    yield lambda: presence.get_presence_definition(NOBODY)
    yield presence.get_presencedefinitions
    yield presence.get_presence_settings
    yield presence.get_presence_sources
    yield lambda: presence.get_presence_user_primarysource(id)


def queues_and_figures(client, id):
    routing, analytics = sdk.RoutingApi(client), sdk.AnalyticsApi(client)
    queue = routing.get_routing_queues(page_size=25).entities[0].id
    yield lambda: routing.get_routing_queue(queue)
    yield lambda: routing.get_routing_queue(NOBODY)
    yield lambda: routing.get_routing_queue_members(queue, expand=EXPAND)
    yield lambda: analytics.get_analytics_agent_status(id)
    one = {"type": "or", "predicates": [{"dimension": "userId", "value": id}]}
    yield lambda: analytics.post_analytics_agents_status_query({"userFilter": one})
    groups = ["segmentType", "presence", "routingStatus", "isOutOfOffice"]
    yield lambda: analytics.post_analytics_agents_status_counts({"userFilter": one}, group_by=groups)
    metrics = [{"metric": "oMemberQueues", "details": True}]
    matches = {"type": "dimension", "dimension": "userId", "operator": "matches", "value": id}
    query = {"metrics": metrics, "filter": {"type": "or", "predicates": [matches]}}
    yield lambda: analytics.post_analytics_users_activity_query(query)
    yield lambda: analytics.post_analytics_users_activity_query(query | {"groupBy": ["systemPresence"]})
    observed = {"metrics": ["oMemberQueues"], "filter": query["filter"]}
    yield lambda: analytics.post_analytics_users_observations_query(observed)


def writes(client, id):
    users, presence, events = sdk.UsersApi(client), sdk.PresenceApi(client), sdk.EventsApi(client)
    yield lambda: presence.patch_user_presences_purecloud(id, {"presenceDefinition": {"id": ON_QUEUE}})
    yield lambda: users.put_user_routingstatus(id, {"status": "OFF_QUEUE"})
    yield lambda: presence.put_users_presences_bulk([{"id": id, "presenceDefinition": {"id": BREAK}}])
    yield lambda: presence.put_users_presences_bulk([{"id": id, "presenceDefinition": {"id": ON_QUEUE}}])
    told = {"eventId": str(uuid.uuid4()), "eventDateTime": "2026-03-02T09:14:07.381Z", "sourceId": NOBODY}
    gone = told | {"userId": NOBODY, "presenceDefinitionId": BREAK}
    yield lambda: events.post_events_users_presence({"userPresenceEvents": [gone]})
    gone = told | {"agentId": NOBODY, "status": "Idle"}
    yield lambda: events.post_events_users_routingstatus({"userRoutingStatusEvents": [gone]})


def channel(client, id):
    notifications = sdk.NotificationsApi(client)
    made = notifications.post_notifications_channels()
    topics = [{"id": f"v2.users.{id}.{facet}"} for facet in FACETS]
    yield lambda: notifications.put_notifications_channel_subscriptions(made.id, topics, ignore_errors=True)
    other = [{"id": "v2.users.nobody.wrong"}]
    yield lambda: notifications.post_notifications_channel_subscriptions(made.id, other, ignore_errors=True)
    yield lambda: notifications.post_notifications_channel_subscriptions(made.id, other)
    yield lambda: notifications.get_notifications_channel_subscriptions(made.id)
    yield lambda: notifications.get_notifications_channel_subscriptions(NOBODY)
    yield notifications.get_notifications_channels
    expand = ["description", "schema", "transports", "requiresPermissions", "permissionDetails"]
    yield lambda: notifications.get_notifications_availabletopics(expand=expand)


def events(client, id, departures):
    """What is heard while one agent goes on a break and to work, and then the client gives back its token."""
    notifications, presence = sdk.NotificationsApi(client), sdk.PresenceApi(client)
    made = notifications.post_notifications_channels()
    topics = [{"id": f"v2.users.{id}?{'&'.join(FACETS)}"}]
    notifications.put_notifications_channel_subscriptions(made.id, topics, ignore_errors=True)
    socket = websocket.create_connection(made.connect_uri, timeout=DEADLINE)
    heard = set()

    def hear(wanted):
        while not wanted <= heard:
            frame = json.loads(socket.recv())
            departures.frame(frame, "frame")
            parts = frame["topicName"].split(".")
            heard.add(parts[2] if parts[1] == "system" else parts[-1])

    for definition in (BREAK, ON_QUEUE):
        presence.patch_user_presences_purecloud(id, {"presenceDefinition": {"id": definition}})
    hear({"presence", "routingStatus", "activity"})
    sdk.TokensApi(client).delete_tokens_me()
    hear({"token_revoked"})
    socket.close()
    return sorted(heard)


def main(address, client_id, client_secret):
    departures = Departures()
    client = signed_in(address, client_id, client_secret, departures)
    id = sdk.UsersApi(client).get_users(page_size=1).entities[0].id
    counted = {}
    for calls in (own_rights(client), people(client, id), presences(client, id), queues_and_figures(client, id),
                  writes(client, id), channel(client, id)):
        for call in calls:
            kind = "answered"
            try:
                call()
            except ApiException as refused:
                kind = json.loads(refused.body)["code"]
            counted[kind] = counted.get(kind, 0) + 1
    heard = events(client, id, departures)
    judged = {"departures": departures.found, "bodies": departures.bodies}
    print(json.dumps({"calls": counted, "heard": heard} | judged))


main(*sys.argv[1:])
