import pytest
from hypothesis import given
from hypothesis import strategies as st

from tapewatch.runtime.addresses import Address


@pytest.mark.parametrize(
    ("text", "host", "port", "is_loopback"),
    [
        ("127.0.0.1:50051", "127.0.0.1", 50051, True),
        ("127.8.9.10:0", "127.8.9.10", 0, True),
        ("[::1]:50051", "::1", 50051, True),
        ("LOCALHOST:1", "LOCALHOST", 1, True),
        ("0.0.0.0:50051", "0.0.0.0", 50051, False),
        ("[::]:50051", "::", 50051, False),
        ("10.0.0.1:50051", "10.0.0.1", 50051, False),
        ("localhost.example.org:1", "localhost.example.org", 1, False),
        ("case_service:65535", "case_service", 65535, False),
    ],
)
def test_an_address_is_read_and_written_alike(text: str, host: str, port: int, is_loopback: bool) -> None:
    address = Address.parse(text)
    assert (address.host, address.port, address.is_loopback) == (host, port, is_loopback)
    assert str(address) == text


@given(st.text(max_size=30))
def test_any_text_is_an_address_or_a_value_error(text: str) -> None:
    try:
        address = Address.parse(text)
    except ValueError:
        return
    assert Address.parse(str(address)) == address
