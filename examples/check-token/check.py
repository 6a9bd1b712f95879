# pip install 'pyjwt[crypto]'
import sys, jwt

ISSUER = sys.argv[1]  # Ringfence's BASE_URL
keys = jwt.PyJWKClient(f"{ISSUER}/.well-known/jwks.json", lifespan=300)


def check(token: str) -> dict:
    """What the access token says, if it is good."""
    good = jwt.decode_complete(
        token, keys.get_signing_key_from_jwt(token), algorithms=["EdDSA"],
        issuer=ISSUER, audience=ISSUER, options={"require": ["sub", "nbf", "exp"]})
    if good["header"].get("typ") != "at+jwt":
        raise jwt.InvalidTokenError("not an access token")
    return good["payload"]


print(check(sys.argv[2]))
