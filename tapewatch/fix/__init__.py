"""FIX without a network: codec, session, mapping to events, and the transport and log reader built on them.

What others call:

- ``tapewatch.fix.codec``: ``Framer``, ``Message``, ``encode``, ``parse_timestamp_ns``, ``format_timestamp``.
- ``tapewatch.fix.session``: ``SessionConfig``, ``Session`` (sans-IO).
- ``tapewatch.fix.store``: ``MemoryStore``, ``FileStore`` (both ``SessionStore``).
- ``tapewatch.fix.transport``: ``open_session(host, port, config, store)`` for whoever sends drop copies.
- ``tapewatch.fix.profile``: ``Profile``, ``load_profile``; ``tapewatch.fix.mapping``: ``map_message``.
- ``tapewatch.fix.log_reader``: ``read_log(path, profile)``.
"""
