"""The cluster's certificates: a CA of its own, the server's certificate, and client certificates that name a user.

Keys are elliptic-curve P-256 (made in well under a millisecond; RSA would cost a visible part of the start).
"""

from __future__ import annotations

import ipaddress
import os
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

__all__ = ["Pki", "private_file"]

_LIFETIME = timedelta(days=3650)
_BACKDATE = timedelta(hours=24)  # clients with a clock that is behind must accept a new cluster
_DNS_NAMES = (
    "localhost",
    "kubernetes",
    "kubernetes.default",
    "kubernetes.default.svc",
    "kubernetes.default.svc.cluster.local",
)
_ADDRESSES = ("127.0.0.1", "::1", "10.96.0.1")


def private_file(path: Path, content: bytes) -> None:
    """Write a file that only its owner may read, at once as a whole."""
    temporary = path.with_name(path.name + ".new")
    with open(os.open(temporary, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600), "wb") as file:
        file.write(content)
    temporary.rename(path)


@dataclass(frozen=True, slots=True)
class KeyPair:
    """A certificate and its key, PEM."""

    certificate: bytes
    key: bytes


class Pki:
    """Certificates in a directory, made when missing.

    Args:
        directory: where `ca.crt`, `ca.key`, `server.crt`, `server.key`, `admin.crt`, `admin.key` and `sa.key` live.
        now: the time certificates are issued at.
    """

    def __init__(self, directory: Path, now: datetime) -> None:
        self._directory, self._now = directory, now
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not (directory / "sa.key").exists():  # the last one written: a half-made set is made anew
            self._create()

    def path(self, name: str) -> Path:
        """Return the path of one file, for example `server.crt`."""
        return self._directory / name

    def read(self, name: str) -> bytes:
        """Return the content of one file."""
        return self.path(name).read_bytes()

    def _create(self) -> None:
        ca_key = ec.generate_private_key(ec.SECP256R1())
        ca_name = _subject("kit-embedded-ca")
        ca = self._certificate(ca_name, ca_key, issuer=ca_name, issuer_key=ca_key, authority=True)
        server = self._issue(_subject("kube-apiserver"), ca, ca_key, server=True)
        admin = self._issue(_subject("kubernetes-admin", "system:masters"), ca, ca_key)
        for name, content in (
            ("ca.crt", ca.public_bytes(serialization.Encoding.PEM)),
            ("ca.key", _pem(ca_key)),
            ("server.crt", server.certificate),
            ("server.key", server.key),
            ("admin.crt", admin.certificate),
            ("admin.key", admin.key),
            ("sa.key", _pem(ec.generate_private_key(ec.SECP256R1()))),
        ):
            private_file(self.path(name), content)

    def _issue(
        self, subject: x509.Name, ca: x509.Certificate, ca_key: ec.EllipticCurvePrivateKey, *, server: bool = False
    ) -> KeyPair:
        key = ec.generate_private_key(ec.SECP256R1())
        certificate = self._certificate(subject, key, issuer=ca.subject, issuer_key=ca_key, server=server)
        return KeyPair(certificate.public_bytes(serialization.Encoding.PEM), _pem(key))

    def _certificate(
        self,
        subject: x509.Name,
        key: ec.EllipticCurvePrivateKey,
        *,
        issuer: x509.Name,
        issuer_key: ec.EllipticCurvePrivateKey,
        authority: bool = False,
        server: bool = False,
    ) -> x509.Certificate:
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(issuer)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(self._now - _BACKDATE)
            .not_valid_after(self._now + _LIFETIME)
            .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key()), critical=False)
        )
        if authority:
            builder = builder.add_extension(_ca_usage(), critical=True)
        elif server:
            names: list[x509.GeneralName] = [x509.DNSName(name) for name in _DNS_NAMES]
            names += [x509.IPAddress(ipaddress.ip_address(address)) for address in _ADDRESSES]
            builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
            builder = builder.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        else:
            builder = builder.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH]), critical=False)
        return builder.sign(issuer_key, hashes.SHA256())


def _subject(user: str, group: str = "") -> x509.Name:
    """A client certificate's common name is the user and its organization the group, as Kubernetes reads them."""
    parts = [x509.NameAttribute(NameOID.ORGANIZATION_NAME, group)] if group else []
    return x509.Name([*parts, x509.NameAttribute(NameOID.COMMON_NAME, user)])


def _ca_usage() -> x509.KeyUsage:
    used = {"digital_signature": True, "key_cert_sign": True, "crl_sign": True}
    unused = ("content_commitment", "key_encipherment", "data_encipherment", "key_agreement")
    return x509.KeyUsage(**used, **dict.fromkeys(unused, False), encipher_only=False, decipher_only=False)


def _pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
