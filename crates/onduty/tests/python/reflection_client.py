"""A client that knows nothing of onduty beforehand.

It learns services and messages by server reflection, calls them through plain grpcio, and prints what it saw as one JSON
document. The test `e2e/python.rs` starts it and judges. Whoever writes a client in another language can read here what a call takes.

    reflection_client.py ADDRESS UNKNOWN_AGENT_ID
"""

import json
import sys

import grpc
from google.protobuf import descriptor_pool, json_format, message_factory
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import (
    ProtoReflectionDescriptorDatabase,
)

# Seconds. No call here takes more than a moment; this is when to give up.
DEADLINE = 20

AGENT_STATES = "onduty.v1.AgentStateService"
PAGE_SIZE = 7


class Remote:
    """Every method of a server, found by reflection."""

    def __init__(self, channel):
        self._channel = channel
        self._database = ProtoReflectionDescriptorDatabase(channel)
        self._pool = descriptor_pool.DescriptorPool(self._database)

    def services(self):
        """The names of all services, sorted."""
        return sorted(self._database.get_services())

    def call(self, service, method, /, **request):
        """The response of a unary method, as a message."""
        path, message, response = self._prepare(service, method, request)
        stub = self._channel.unary_unary(
            path, request_serializer=lambda m: m.SerializeToString(), response_deserializer=response
        )
        return stub(message, timeout=DEADLINE)

    def stream(self, service, method, /, **request):
        """The responses of a server-streaming method; cancel it when done."""
        path, message, response = self._prepare(service, method, request)
        stub = self._channel.unary_stream(
            path, request_serializer=lambda m: m.SerializeToString(), response_deserializer=response
        )
        return stub(message, timeout=DEADLINE)

    def _prepare(self, service, method, request):
        found = self._pool.FindServiceByName(service).FindMethodByName(method)
        message = message_factory.GetMessageClass(found.input_type)(**request)
        response = message_factory.GetMessageClass(found.output_type).FromString
        return f"/{service}/{method}", message, response


def plain(message):
    """A message as JSON values, members named as in the contract."""
    return json_format.MessageToDict(message, preserving_proto_field_name=True)


def list_all(remote):
    """Every agent, page by page."""
    states, token, pages = [], "", 0
    while True:
        page = remote.call(AGENT_STATES, "ListAgentStates", page_size=PAGE_SIZE, page_token=token)
        states.extend(page.agent_states)
        pages += 1
        token = page.next_page_token
        if not token:
            return {"pages": pages, "states": [plain(s) for s in states], "account": plain(page.account)}


def miss(remote, agent_id):
    """The error of a call for an agent that does not exist."""
    try:
        answer = remote.call(AGENT_STATES, "GetAgentState", agent_id=agent_id)
    except grpc.RpcError as error:
        details = dict(error.trailing_metadata()).get("grpc-status-details-bin", b"")
        return {
            "code": error.code().name,
            "message": error.details(),
            "details_name_the_reason": b"AGENT_UNKNOWN" in details,
        }
    return {"code": "OK", "message": plain(answer)}


def watch(remote, **request):
    """A watch until the first message that carries changes: the kinds of message seen, the agents of the snapshot, the cursor."""
    kinds, snapshot, cursor = [], [], ""
    stream = remote.stream(AGENT_STATES, "WatchAgentStates", **request)
    for response in stream:
        kind = response.WhichOneof("message")
        kinds.append(kind)
        cursor = getattr(response, kind).cursor or cursor
        if kind == "snapshot":
            snapshot.extend(state.agent_id for state in response.snapshot.agent_states)
        if kind == "changes":
            stream.cancel()
            break
    return {"kinds": kinds, "snapshot": snapshot, "cursor": cursor}


def main(address, unknown):
    with grpc.insecure_channel(address) as channel:
        remote = Remote(channel)
        listed = list_all(remote)
        first = listed["states"][0]["agent_id"]
        batch = remote.call(AGENT_STATES, "BatchGetAgentStates", agent_ids=[first, unknown, first])
        watched = watch(remote)
        seen = {
            "services": remote.services(),
            "health": plain(remote.call("grpc.health.v1.Health", "Check", service=AGENT_STATES)),
            "sync": plain(remote.call("onduty.v1.DiagnosisService", "GetSyncStatus")),
            "listed": listed,
            "got": plain(remote.call(AGENT_STATES, "GetAgentState", agent_id=first).agent_state),
            "batch": [plain(result) for result in batch.results],
            "miss": miss(remote, unknown),
            "watched": watched,
            "resumed": watch(remote, cursor=watched["cursor"]),
        }
    json.dump(seen, sys.stdout)


if __name__ == "__main__":
    main(*sys.argv[1:])
