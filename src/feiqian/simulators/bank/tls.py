"""HTTPS with the certificate that the sandbox's authority made, and on wish only for the platform's certificate."""

import ssl
from pathlib import Path

from feiqian.simulators.bank.credentials import Credentials


def tls_context(credentials: Credentials, directory: Path, *, mutual: bool) -> ssl.SSLContext:
    """For the server; ``mutual`` lets nobody in who has no certificate of the sandbox's authority.

    OpenSSL takes a certificate with its key from a file only: ``directory/server.pem``, readable by its owner.
    """
    path = directory / "server.pem"
    path.touch(mode=0o600)
    identity = credentials.server_identity
    path.write_text(identity.certificate + identity.private_key, "ascii")
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cadata=credentials.authority_certificate)
    context.load_cert_chain(path)
    if mutual:
        context.verify_mode = ssl.CERT_REQUIRED
    return context
