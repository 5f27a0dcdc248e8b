"""The command `tapewatch`: one module a command or group of commands."""
