"""The SDK: asynchronous clients of the services, and `tapewatch.client.sync` for scripts without asyncio."""
