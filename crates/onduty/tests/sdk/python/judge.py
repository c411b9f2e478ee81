"""Reads a JSON array of `{where, kind, body}` and prints where the bodies depart from the SDK's model tables.

`kind` is a type as the SDK writes it, or `frame` for what comes over a socket. The SDK is asked for nothing but its tables.
"""

import json
import sys

from model_tables import Departures

departures = Departures()
for sent in json.load(sys.stdin):
    if sent["kind"] == "frame":
        departures.frame(sent["body"], sent["where"])
    else:
        departures.body(sent["body"], sent["kind"], sent["where"])
print(json.dumps({"departures": departures.found, "bodies": departures.bodies}))
