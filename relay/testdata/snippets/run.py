import base64, sys

from snippet import verify

for line in sys.stdin:
    secret, *fields = line.split()
    event, stamp, signature, body = (base64.b64decode(f[1:]) for f in fields)
    names = ["webhook-id", "webhook-timestamp", "webhook-signature"]
    values = [v.decode() for v in (event, stamp, signature)]
    headers = {n: v for n, v in zip(names, values) if v}
    print("true" if verify(headers, body, secret) else "false")
