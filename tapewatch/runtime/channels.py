"""Client channels and server options: sizes, keepalive and reconnection, the same everywhere.

gRPC ignores an argument it does not know, so a test looks each name up in gRPC's core and others watch the effects.
"""

import grpc.aio

from tapewatch.runtime.security import SecuritySettings, channel_credentials, checked_address
from tapewatch.runtime.tokens.shown import TokenChannel, token_source

MESSAGE_BYTES_MAX = 16 * 1024 * 1024
FRAME_BYTES_MAX = 1024 * 1024
"""Of HTTP/2. Measured: messages of 50 kB in one frame, not four, take a tenth less CPU of who reads them."""
KEEPALIVE_TIME_MS = 10_000
KEEPALIVE_TIMEOUT_MS = 5_000
"""A peer that vanished or hangs is noticed within 15 s. gRPC takes grpc.keepalive_timeout_ms for the kernel's limit on
unacknowledged bytes (a cut cable); a hung peer, whose kernel still acknowledges, is noticed by
grpc.http2.ping_timeout_ms alone, 60 s by default."""
PING_INTERVAL_MIN_MS = 5_000
"""Servers answer more frequent pings with GOAWAY; half of KEEPALIVE_TIME_MS leaves room for jitter."""
RECONNECT_BACKOFF_MIN_MS = 100
RECONNECT_BACKOFF_MAX_MS = 1_000
"""Measured: back 1 s after a 50 s outage; gRPC's defaults took 18 s."""
CONNECT_TIMEOUT_MS = 2_000
"""gRPC's min_reconnect_backoff is how long one attempt may take: below a second a busy machine may never get through
the TLS handshake, while its default of 20 s outlasts a healed partition."""
CONCURRENT_CALLS_MAX = 1_000
METADATA_BYTES_MAX = 32 * 1024
"""Of a call's headers, so that a token that is too long is refused by us, with a reason, and not by gRPC at random."""

Options = tuple[tuple[str, int], ...]

_SHARED_OPTIONS: Options = (
    ("grpc.max_receive_message_length", MESSAGE_BYTES_MAX),
    ("grpc.max_send_message_length", MESSAGE_BYTES_MAX),
    ("grpc.http2.max_frame_size", FRAME_BYTES_MAX),
    ("grpc.keepalive_time_ms", KEEPALIVE_TIME_MS),
    ("grpc.keepalive_timeout_ms", KEEPALIVE_TIMEOUT_MS),
    ("grpc.http2.ping_timeout_ms", KEEPALIVE_TIMEOUT_MS),
    ("grpc.keepalive_permit_without_calls", 1),
)


def channel_options() -> Options:
    """Client channel arguments."""
    return (
        *_SHARED_OPTIONS,
        ("grpc.http2.max_pings_without_data", 0),
        ("grpc.initial_reconnect_backoff_ms", RECONNECT_BACKOFF_MIN_MS),
        ("grpc.min_reconnect_backoff_ms", CONNECT_TIMEOUT_MS),
        ("grpc.max_reconnect_backoff_ms", RECONNECT_BACKOFF_MAX_MS),
        ("grpc.enable_http_proxy", 0),
    )


def server_options() -> Options:
    """Server arguments. Port sharing is off: a second server on a port must fail, not take half of the calls."""
    return (
        *_SHARED_OPTIONS,
        ("grpc.http2.min_ping_interval_without_data_ms", PING_INTERVAL_MIN_MS),
        ("grpc.max_concurrent_streams", CONCURRENT_CALLS_MAX),
        ("grpc.max_metadata_size", METADATA_BYTES_MAX),
        ("grpc.absolute_max_metadata_size", METADATA_BYTES_MAX),
        ("grpc.so_reuseport", 0),
    )


def open_channel(target: str, security: SecuritySettings) -> grpc.aio.Channel:
    """Open a channel to `HOST:PORT` inside a running event loop; it connects when first used and reconnects alone.

    Its calls show the settings' token, if any. Raises SettingsError for a malformed target, unreadable certificates or
    token, or in local mode a host that is not loopback.
    """
    address = checked_address(target, security, f"target {target}")
    credentials, source = channel_credentials(security), token_source(security)
    if credentials is None:
        channel = grpc.aio.insecure_channel(str(address), options=channel_options())
    else:
        channel = grpc.aio.secure_channel(str(address), credentials, options=channel_options())
    return channel if source is None else TokenChannel(channel, source)
