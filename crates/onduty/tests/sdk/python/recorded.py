"""The SDK's client with an ear on the wire: every JSON body that it is given is held against the SDK's model tables."""

import importlib.metadata
import json
import os

import PureCloudPlatformClientV2 as sdk
from PureCloudPlatformClientV2.default_http_client import DefaultHttpClient
from PureCloudPlatformClientV2.rest import ApiException

from model_tables import Departures

# The file with the authority to trust, where the address is one of TLS.
AUTHORITY = os.environ.get("ONDUTY_TEST_AUTHORITY")
VERSION = f"PureCloudPlatformClientV2 {importlib.metadata.version('PureCloudPlatformClientV2')}"


class Wire(DefaultHttpClient):
    """Remembers the last answer as it came."""

    def __init__(self):
        super().__init__()
        self.answer = None

    def request(self, http_request_options):
        self.answer = None
        try:
            response = super().request(http_request_options)
        except ApiException as refusal:
            self.answer = (refusal.status, refusal.body)
            raise
        self.answer = (response.status, response.data)
        return response


class RecordedClient(sdk.ApiClient):
    """An `ApiClient` whose answers are held against the types that the SDK awaits."""

    def __init__(self, address, departures):
        super().__init__(host=address)
        self._wire = Wire()
        self._departures = departures
        self.set_http_client(self._wire)

    def call_api(self, resource_path, method, *rest, response_type=None, **named):
        try:
            return super().call_api(resource_path, method, *rest, response_type=response_type, **named)
        finally:
            if self._wire.answer is not None:
                self._judge(f"{method} {resource_path}", response_type, *self._wire.answer)

    def _judge(self, where, response_type, status, text):
        kind = response_type if status < 400 else "ErrorBody"
        if text:
            self._departures.body(json.loads(text), kind, f"{where} {status}")


def signed_in(address, client_id, client_secret, departures=None):
    """A client with a token."""
    # One for the whole process, and read when a client is made.
    sdk.configuration.ssl_ca_cert = AUTHORITY
    client = RecordedClient(address, departures if departures is not None else Departures())
    return client.get_client_credentials_token(client_id, client_secret)


def refusal(call):
    """What the SDK raised, as its users read it; or what it gave, if it raised nothing."""
    try:
        given = call()
    except ApiException as raised:
        body = json.loads(raised.body)
        return {
            "type": type(raised).__name__,
            "status": raised.status,
            "code": body.get("code") or body.get("error"),
            "body": body,
        }
    return {"type": None, "given": str(given)}
