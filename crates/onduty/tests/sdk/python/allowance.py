"""Makes more calls than are allowed in a window. The SDK waits for as long as `Retry-After` says and asks again by itself.

    allowance.py ADDRESS CLIENT_ID CLIENT_SECRET CALLS
"""

import json
import sys

import PureCloudPlatformClientV2 as sdk

from recorded import signed_in


def main(address, client_id, client_secret, calls):
    users = sdk.UsersApi(signed_in(address, client_id, client_secret))
    answered = sum(bool(users.get_users(page_size=1).entities) for _ in range(int(calls)))
    print(json.dumps({"answered": answered}))


main(*sys.argv[1:])
