"""How a command says that it could not do what was asked."""


class CommandError(Exception):
    """The work failed: one line for the user (what was expected, found, what to do) and the exit code, 1 or 2."""

    def __init__(self, message: str, exit_code: int = 1) -> None:
        super().__init__(message)
        self.exit_code = exit_code


class WrongUsageError(CommandError):
    """The command line or the configuration is wrong; exit code 2."""

    def __init__(self, message: str) -> None:
        super().__init__(message, exit_code=2)
