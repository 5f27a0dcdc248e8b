"""The service shell every Tapewatch process runs in: settings, lifecycle, errors, channels, security and telemetry."""
