"""What each process of the scaled size opens in the same way: TLS, Redis, words to its log."""

import ssl
import sys

from openoutcry.adapters.redis.client import OnMessage, Redis, RedisSettings
from openoutcry.adapters.tcp.tls import TlsFiles, client_context, server_context
from openoutcry.app.scaled.settings import ScaledSettings


def say(text: str) -> None:
    """Tell the operator something at once, whatever the stream buffers."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def _files(settings: ScaledSettings) -> TlsFiles | None:
    certificate, key = settings.calls_certificate, settings.calls_key
    authority = settings.calls_authority
    if certificate is None or key is None or authority is None:
        return None
    return TlsFiles(certificate, key, authority)


def server_tls(settings: ScaledSettings) -> ssl.SSLContext | None:
    """Return how this engine is called; None: without TLS, which settings allow on loopback."""
    files = _files(settings)
    return None if files is None else server_context(files)


def client_tls(settings: ScaledSettings) -> ssl.SSLContext | None:
    """Return how this process calls engines."""
    files = _files(settings)
    return None if files is None else client_context(files)


async def opened_redis(settings: ScaledSettings, on_message: OnMessage | None) -> Redis:
    """Connect to the cluster; raises RedisError."""
    return await Redis.connect(
        RedisSettings(
            [(node.host, node.port) for node in settings.redis_nodes],
            username=settings.redis_username or None,
            password=settings.redis_password,
            tls=settings.redis_tls,
            tls_ca_file=settings.redis_authority,
            tls_certificate_file=settings.redis_certificate,
            tls_key_file=settings.redis_key,
        ),
        on_message=on_message,
    )
