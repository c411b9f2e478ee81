"""Holds raw bodies against the tables in the SDK's own model classes.

The SDK forgives: it ignores a member that it does not know, takes any value for a missing or mistyped one, and turns an enum
value that is not in its list into "outdated_sdk_version". A call that worked therefore proves little. This module reads each
model's `swagger_types`, `attribute_map` and the lists of allowed values in its setters, and names every place of a body that
departs from them: unknown member, wrong type, date that can't be read, unknown value, null.

A null is always a departure: the platform leaves out what it does not have, and the SDK raises AttributeError on a null enum.
"""

import ast
import functools
import inspect
import re

from dateutil.parser import isoparse

import PureCloudPlatformClientV2 as sdk

# What the platform sends in place of a model. The pairs are those of `notificationMappings.json`, which the SDK's repository
# has and its package has not.
TOPICS = [
    (r"v2\.users\.[^.]+\.activity", "AgentActivityChangedTopicAgentActivity"),
    (r"v2\.users\.[^.]+\.presence", "PresenceEventUserPresence"),
    (r"v2\.users\.[^.]+\.routingStatus", "UserRoutingStatusUserRoutingStatus"),
    (r"v2\.users\.[^.]+\.outofoffice", "OutOfOfficeEventOutOfOffice"),
    (r"v2\.system\.(no_longer_subscribed|token_revoked)\..+", "SystemMessageSystemMessage"),
]

# Frames about the socket itself, for which the SDK has no model: heartbeats, pongs and the notice before it closes.
SOCKET_TOPICS = ("channel.metadata", "v2.system.socket_closing")

PRIMITIVES = {
    "str": lambda value: isinstance(value, str),
    "bool": lambda value: isinstance(value, bool),
    "int": lambda value: isinstance(value, int) and not isinstance(value, bool),
    "float": lambda value: isinstance(value, (int, float)) and not isinstance(value, bool),
    "object": lambda value: True,
}


class Departures:
    """Collects what is wrong, each with its path. `excused` maps a pattern over a path and problem to the reason."""

    def __init__(self, excused=None):
        self.found = []
        self.bodies = 0
        self._excused = [re.compile(pattern) for pattern in excused or {}]

    def body(self, value, kind, where):
        """Holds a body against a type as the SDK writes it: `User`, `list[UcUserPresence]`."""
        self.bodies += 1
        if kind is None:
            return self._add(where, "a body where the SDK awaits none")
        return self._value(value, kind, where)

    def frame(self, frame, where):
        """Holds a frame of a socket, envelope and body."""
        self.bodies += 1
        topic = frame.get("topicName") if isinstance(frame, dict) else None
        if not isinstance(topic, str):
            return self._add(where, "a frame without a topicName")
        where = f"{where} {topic}"
        known = {"topicName": "str", "version": "str", "eventBody": "object", "metadata": "dict(str, str)"}
        for name, value in frame.items():
            if name not in known:
                self._add(f"{where}.{name}", "unknown member")
            else:
                self._value(value, known[name], f"{where}.{name}")
        body = frame.get("eventBody")
        if topic in SOCKET_TOPICS:
            return self._value(body, "dict(str, str)", f"{where}.eventBody")
        model = next((model for pattern, model in TOPICS if re.fullmatch(pattern, topic)), None)
        if model is None:
            return self._add(where, "a topic without a model")
        return self._value(body, model, f"{where}.eventBody")

    def _add(self, path, problem):
        line = f"{path}: {problem}"
        if not any(pattern.search(line) for pattern in self._excused):
            self.found.append(line)

    def _value(self, value, kind, path):
        if value is None:
            return self._add(path, "null")
        if listed := re.fullmatch(r"list\[(.*)\]", kind):
            return self._list(value, listed[1], path)
        if mapped := re.fullmatch(r"dict\([^,]*, (.*)\)", kind):
            return self._mapping(value, mapped[1], path)
        if kind in PRIMITIVES:
            if not PRIMITIVES[kind](value):
                self._add(path, f"{shown(value)} is no {kind}")
            return None
        if kind in ("datetime", "date", "LocalDateTime"):
            return self._date(value, kind, path)
        return self._model(value, kind, path)

    def _list(self, value, kind, path):
        if not isinstance(value, list):
            return self._add(path, f"{shown(value)} is no list[{kind}]")
        for index, element in enumerate(value):
            self._value(element, kind, f"{path}[{index}]")

    def _mapping(self, value, kind, path):
        if not isinstance(value, dict):
            return self._add(path, f"{shown(value)} is no object")
        for name, member in value.items():
            self._value(member, kind, f"{path}.{name}")

    def _date(self, value, kind, path):
        try:
            date = isoparse(value)
        except (TypeError, ValueError):
            return self._add(path, f"{shown(value)} is no {kind}")
        if kind == "datetime" and date.tzinfo is None:
            self._add(path, f"{shown(value)} has no time zone")

    def _model(self, value, kind, path):
        if not isinstance(value, dict):
            return self._add(path, f"{shown(value)} is no {kind}")
        members = table(kind)
        for name, member in value.items():
            if name not in members:
                self._add(f"{path}.{name}", f"unknown member of {kind}")
                continue
            member_kind, allowed = members[name]
            self._value(member, member_kind, f"{path}.{name}")
            if allowed and isinstance(member, str) and member not in allowed:
                self._add(f"{path}.{name}", f"{shown(member)} is none of {', '.join(allowed)}")


@functools.cache
def table(kind):
    """The members of a model by their names in JSON, each with its type and the values allowed, if only some are."""
    model = getattr(sdk, kind)
    empty = model()
    return {
        name: (empty.swagger_types[attribute], allowed_values(getattr(model, attribute)))
        for attribute, name in empty.attribute_map.items()
    }


def allowed_values(attribute):
    """The list in a setter that the SDK compares a value with."""
    listed = re.search(r"allowed_values = (\[[^\]]*\])", inspect.getsource(attribute.fset))
    return ast.literal_eval(listed[1]) if listed else None


def shown(value):
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."
