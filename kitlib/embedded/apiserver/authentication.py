"""Who is asking: a client certificate or a service-account token.

Source: Kubernetes' authenticators (x509: CN is the user, O are groups) and service-account tokens (JWTs bound to
their objects).
"""

from __future__ import annotations

import base64
import hashlib
import json
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import jwt
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key
from jwt.algorithms import ECAlgorithm

from kitlib.clock import Clock
from kitlib.embedded.apimachinery.objects import Object
from kitlib.embedded.storage.store import Store

__all__ = ["ISSUER", "ServiceAccountTokens", "User", "user_of_certificate"]

ISSUER = "https://kubernetes.default.svc.cluster.local"
_API = "https://10.244.0.1:6443"  # where the endpoints of the service `kubernetes` are
_ALGORITHM = "ES256"
_CLAIM = "kubernetes.io"
_CREDENTIAL = "authentication.kubernetes.io/credential-id"


@dataclass(frozen=True, slots=True)
class User:
    """An authenticated identity."""

    name: str
    groups: tuple[str, ...] = ()
    uid: str = ""
    extra: dict[str, list[str]] = field(default_factory=dict)

    @property
    def info(self) -> Object:
        """The `authentication/v1 UserInfo`."""
        info: Object = {"username": self.name, "groups": list(self.groups)}
        if self.uid:
            info["uid"] = self.uid
        if self.extra:
            info["extra"] = self.extra
        return info


def user_of_certificate(peer: dict[str, Any] | None, der: bytes | None = None) -> User | None:
    """Return the user that a verified client certificate names, or None.

    Args:
        peer: its names (`ssl.SSLSocket.getpeercert` form).
        der: the certificate itself; its hash tells by which credential the user came.
    """
    names = [item for rdn in (peer or {}).get("subject", ()) for item in rdn]
    user = next((value for key, value in names if key == "commonName"), None)
    if user is None:
        return None
    groups = [value for key, value in names if key == "organizationName"]
    extra = {_CREDENTIAL: [f"X509SHA256={hashlib.sha256(der).hexdigest()}"]} if der else {}
    return User(user, (*groups, "system:authenticated"), extra=extra)


class ServiceAccountTokens:
    """Issues and checks service-account tokens.

    Args:
        key: the signing key, PEM (`sa.key` of the PKI).
        store: where service accounts and pods are looked up: a token dies with what it is bound to.
        clock: gives issue and expiry times.
    """

    def __init__(self, key: bytes, store: Store, clock: Clock) -> None:
        self._private = load_pem_private_key(key, password=None)
        self._public = self._private.public_key()
        self._store, self._clock = store, clock
        public = self._public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        self._key_id = base64.urlsafe_b64encode(hashlib.sha256(public).digest()).decode().rstrip("=")

    def issue(
        self,
        namespace: str,
        name: str,
        *,
        lifetime: int = 3600,
        audiences: tuple[str, ...] = (),
        pod: Object | None = None,
        secret: Object | None = None,
    ) -> str:
        """Return a new token for a service account, bound to `pod` or `secret` if given.

        Raises:
            KeyError: there is no such service account.
        """
        account = self._store.get("serviceaccounts", f"{namespace}/{name}")
        if account is None:
            raise KeyError(f"{namespace}/{name}")
        bound: Object = {"namespace": namespace, "serviceaccount": {"name": name, "uid": account["metadata"]["uid"]}}
        if pod is not None:
            bound["pod"] = {"name": pod["metadata"]["name"], "uid": pod["metadata"]["uid"]}
            node = self._store.get("nodes", pod["spec"].get("nodeName", ""))
            if node is not None:
                bound["node"] = {"name": node["metadata"]["name"], "uid": node["metadata"]["uid"]}
        if secret is not None:
            bound["secret"] = {"name": secret["metadata"]["name"], "uid": secret["metadata"]["uid"]}
        now = self._clock.now()
        claims = {
            "iss": ISSUER,
            "aud": list(audiences) or [ISSUER],
            "sub": f"system:serviceaccount:{namespace}:{name}",
            "iat": now,
            "nbf": now,
            "exp": now + timedelta(seconds=lifetime),
            "jti": str(uuid.uuid4()),
            _CLAIM: bound,
        }
        return jwt.encode(claims, self._private, algorithm=_ALGORITHM, headers={"kid": self._key_id})  # type: ignore[arg-type]

    def for_pod(self, pod: Object, audience: str = "", seconds: int = 3607) -> str:
        """Return a token that a pod finds in a volume.

        Args:
            pod: it is bound to this one.
            audience: who may accept it; "" is this API.
            seconds: how long it is good for.

        Raises:
            KeyError: its service account does not exist.
        """
        account = pod["spec"].get("serviceAccountName", "default")
        audiences = (audience,) if audience else ()
        return self.issue(pod["metadata"]["namespace"], account, lifetime=seconds, audiences=audiences, pod=pod)

    def authenticate(self, token: str, audiences: Sequence[str] = (ISSUER,)) -> User | None:
        """Return the user a token stands for.

        Args:
            token: as issued.
            audiences: it must be meant for one of them; the API itself by default.

        Returns:
            None when it is forged, expired, meant for others, or its owner is gone.
        """
        try:
            claims = jwt.decode(
                token,
                self._public,  # type: ignore[arg-type]
                algorithms=[_ALGORITHM],
                audience=list(audiences),
                issuer=ISSUER,
                # The cluster's clock decides below, not the machine's.
                options={
                    "require": ["exp", "nbf", "sub", "iss"],
                    "verify_exp": False,
                    "verify_nbf": False,
                    "verify_iat": False,
                },
            )
        except jwt.PyJWTError:
            return None
        if not claims["nbf"] <= self._clock.now().timestamp() < claims["exp"]:
            return None
        bound = claims.get(_CLAIM) or {}
        namespace, account = bound.get("namespace", ""), bound.get("serviceaccount") or {}
        if not self._alive("serviceaccounts", namespace, account):
            return None
        extra = {_CREDENTIAL: [f"JTI={claims['jti']}"]} if claims.get("jti") else {}
        if (secret := bound.get("secret")) and not self._alive("secrets", namespace, secret):
            return None
        if pod := bound.get("pod"):
            if not self._alive("pods", namespace, pod):
                return None
            for kind in ("pod", "node"):
                if reference := bound.get(kind):
                    extra[f"authentication.kubernetes.io/{kind}-name"] = [reference["name"]]
                    extra[f"authentication.kubernetes.io/{kind}-uid"] = [reference["uid"]]
        groups = ("system:serviceaccounts", f"system:serviceaccounts:{namespace}", "system:authenticated")
        return User(claims["sub"], groups, account.get("uid", ""), extra)

    @property
    def keys(self) -> Object:
        """The public key, as a JSON Web Key Set."""
        key: Object = json.loads(ECAlgorithm.to_jwk(self._public))  # type: ignore[arg-type]
        return {"keys": [key | {"use": "sig", "alg": _ALGORITHM, "kid": self._key_id}]}

    def openid_configuration(self, keys_path: str) -> Object:
        """The discovery document of the token issuer; its keys are at the API, as pods reach it."""
        return {
            "issuer": ISSUER,
            "jwks_uri": f"{_API}{keys_path}",
            "response_types_supported": ["id_token"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": [_ALGORITHM],
        }

    def _alive(self, resource: str, namespace: str, reference: Object) -> bool:
        found = self._store.get(resource, f"{namespace}/{reference.get('name', '')}")
        return found is not None and found["metadata"]["uid"] == reference.get("uid")
