"""skeleton"""


class Profile:
    """How the messages of a session become event rows: data, read from YAML."""


def load_profile(name: str) -> Profile:
    """Loads a profile by the name of a shipped one (``fix42``, ``fix44``, ``log`` ...) or the path of a YAML file."""
    raise NotImplementedError
