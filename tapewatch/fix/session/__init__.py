"""The FIX session as a state machine without I/O: bytes and the time in; messages, bytes and a verdict out.

``session.py`` takes the steps and decides; ``inbound.py`` keeps the numbers that come and what came early,
``outbound.py`` numbers and writes what goes, ``liveness.py`` watches for silence; ``checks.py`` and ``rejects.py`` say
what is wrong with a message and how the standard answers it.
"""

from tapewatch.fix.session.rejects import business_reject
from tapewatch.fix.session.session import Session
from tapewatch.fix.session_config import SessionConfig, SessionEvent, SessionOutput, State

__all__ = ["Session", "SessionConfig", "SessionEvent", "SessionOutput", "State", "business_reject"]
