"""Certificates of one cluster, made on the spot: ``Credentials.make(folder, days=2)``.

The authority's key is thrown away once it has signed the certificate of scheduler, workers and
client: nobody can make another one, and who has none of these is refused.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, Self

from dtperf.errors import ConfigError
from dtperf.extras import install_command
from dtperf.files import write_atomic

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
    from cryptography.x509 import Certificate
    from distributed.security import Security

__all__ = ["CA", "CERTIFICATE", "KEY", "Credentials"]

# the names that Kubernetes has for them in a Secret
CA, CERTIFICATE, KEY = "ca.crt", "tls.crt", "tls.key"
SLACK = timedelta(minutes=10)
"""How far the clocks of two machines may be apart."""


class Credentials(NamedTuple):
    """Files with what one side of a TLS connection needs."""

    ca: Path
    certificate: Path
    key: Path

    @classmethod
    def in_folder(cls, folder: Path) -> Self:
        """Name the files of a folder."""
        return cls(folder / CA, folder / CERTIFICATE, folder / KEY)

    @classmethod
    def make(cls, folder: Path, days: float = 7.0) -> Self:
        """Make an authority and a certificate that it has signed.

        Args:
            folder: Where to write; made with mode 0700 if it is not there. Files have mode 0600.
            days: How long they are valid.

        Raises:
            ConfigError: The library for it is not installed.
        """
        _check_library()
        made = cls.in_folder(folder)
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        for path, content in zip(made, _issue(timedelta(days=days)), strict=True):
            write_atomic(path, content, mode=0o600)
        return made

    def security(self) -> Security:
        """Return Dask to take these, and to refuse whoever has none.

        Raises:
            ConfigError: A file is not there, is not one, or has run out; or the library that
                reads it is not installed.
        """
        from distributed.security import Security

        self._check()
        ca, certificate, key = map(str, self)
        roles = ("client", "scheduler", "worker")
        files = {f"tls_{role}_cert": certificate for role in roles}
        files |= {f"tls_{role}_key": key for role in roles}
        return Security(require_encryption=True, tls_ca_file=ca, **files)

    def _check(self) -> None:
        _check_library()
        from cryptography.x509 import load_pem_x509_certificate

        for path in self:
            if not path.is_file():
                raise ConfigError(f"{path}: no such file: TLS needs {CA}, {CERTIFICATE} and {KEY}")
        for path in (self.ca, self.certificate):
            try:
                found = load_pem_x509_certificate(path.read_bytes())
            except ValueError:
                raise ConfigError(f"{path}: is no certificate in PEM form") from None
            if found.not_valid_after_utc < datetime.now(UTC):
                raise ConfigError(
                    f"{path}: the certificate has run out on "
                    f"{found.not_valid_after_utc:%Y-%m-%d %H:%M} UTC: start the cluster anew"
                )


def _check_library() -> None:
    if find_spec("cryptography") is None:
        raise ConfigError(f"certificates need cryptography: {install_command('clusters')}")


def _issue(duration: timedelta) -> tuple[bytes, bytes, bytes]:
    """Make the certificate of an authority, one that it has signed, and the latter's key."""
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    authority, key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    ca = _certificate(authority, authority, duration, is_ca=True)
    certificate = _certificate(key, authority, duration, is_ca=False)
    pem = serialization.Encoding.PEM
    return (
        ca.public_bytes(pem),
        certificate.public_bytes(pem),
        key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()),
    )


def _certificate(
    key: EllipticCurvePrivateKey,
    authority: EllipticCurvePrivateKey,
    duration: timedelta,
    *,
    is_ca: bool,
) -> Certificate:
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes
    from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

    def name(of: str) -> x509.Name:
        return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"dtperf {of}")])

    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name("authority" if is_ca else "cluster"))
        .issuer_name(name("authority"))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - SLACK)
        .not_valid_after(now + duration)
        .add_extension(x509.BasicConstraints(ca=is_ca, path_length=0 if is_ca else None), True)
        .add_extension(_usage(is_ca), True)
    )
    if not is_ca:
        both = [ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]
        made = made.add_extension(x509.ExtendedKeyUsage(both), False)
    return made.sign(authority, hashes.SHA256())


def _usage(is_ca: bool) -> Any:
    from cryptography.x509 import KeyUsage

    return KeyUsage(
        digital_signature=not is_ca,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=is_ca,
        crl_sign=is_ca,
        encipher_only=False,
        decipher_only=False,
    )
