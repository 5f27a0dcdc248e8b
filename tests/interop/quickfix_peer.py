"""A counterparty built on QuickFIX, run by its own interpreter: see tests/interop/peer.py. Needs quickfix alone."""

import json
import sys
import threading
from collections import Counter
from pathlib import Path
from typing import Any

import quickfix  # type: ignore[import-not-found]  # it is in the peer's own environment

SOH = "\x01"


class Peer(quickfix.Application):  # type: ignore[misc]  # the base is unknown here
    """Remembers what came and whatever either side complained of."""

    def __init__(self) -> None:
        super().__init__()
        self.lock = threading.Lock()
        self.received: Counter[str] = Counter()
        self.complaints: list[str] = []
        self.counts: Counter[str] = Counter()
        self.last = 0

    def onCreate(self, session_id: Any) -> None:
        """Nothing to do."""

    def onLogon(self, session_id: Any) -> None:
        """Counts."""
        self.counts["logons"] += 1

    def onLogout(self, session_id: Any) -> None:
        """Counts."""
        self.counts["logouts"] += 1

    def toAdmin(self, message: Any, session_id: Any) -> None:
        """What QuickFIX sends of itself: rejects are complaints, resend requests are counted."""
        kind = message.getHeader().getField(35)
        if kind == "3":
            self.complaints.append("we reject: " + message.toString().replace(SOH, "|"))
        self.counts["resend_requests"] += kind == "2"

    def fromAdmin(self, message: Any, session_id: Any) -> None:
        """Rejects of the other side are complaints."""
        if message.getHeader().getField(35) == "3":
            self.complaints.append("they reject: " + message.toString().replace(SOH, "|"))

    def toApp(self, message: Any, session_id: Any) -> None:
        """Business rejects are complaints."""
        if message.getHeader().getField(35) == "j":
            self.complaints.append("we reject: " + message.toString().replace(SOH, "|"))

    def fromApp(self, message: Any, session_id: Any) -> None:
        """Counts executions and their order."""
        if message.getHeader().getField(35) != "8":
            self.complaints.append("unexpected: " + message.toString().replace(SOH, "|"))
            return
        execution = message.getField(17)
        number = int(execution[1:])
        with self.lock:
            self.counts["out_of_order"] += number != self.last + 1
            self.last = number
            self.received[execution] += 1
            self.counts["possible_duplicates"] += message.getHeader().isSetField(43)

    def state(self, session: Any) -> dict[str, Any]:
        """What the tests ask for."""
        with self.lock:
            return {
                "logged_on": session.isLoggedOn(),
                "received": len(self.received),
                "last": self.last,
                "twice": sum(times > 1 for times in self.received.values()),
                "next_sender": session.getExpectedSenderNum(),
                "next_target": session.getExpectedTargetNum(),
                "complaints": self.complaints,
                **{name: self.counts[name] for name in COUNTED},
            }


COUNTED = ("logons", "logouts", "out_of_order", "possible_duplicates", "resend_requests")


def report(version: str, number: int) -> Any:
    """An execution report, valid in the version."""
    message = quickfix.Message()
    message.getHeader().setField(8, version)
    message.getHeader().setField(35, "8")
    fields = {
        37: f"O{number}", 11: f"C{number}", 17: f"E{number}", 150: "2" if version == "FIX.4.2" else "F", 39: "2",
        55: "ABC", 54: "1" if number % 2 == 0 else "2", 38: "100", 44: "10.25", 32: "100", 31: "10.25", 151: "0",
        14: "100", 6: "10.25", 60: "20260105-09:00:00.000", 58: f"number {number}",
    }  # fmt: skip
    for tag, value in fields.items():
        message.setField(tag, value)
    if version == "FIX.4.2":
        message.setField(20, "0")
    return message


def settings_text(role: str, port: str, version: str, heartbeat: str, store: str, reset: str) -> str:
    """The configuration file of one session."""
    dictionary = dictionaries(version)
    return f"""[DEFAULT]
ConnectionType={role}
SocketAcceptPort={port}
SocketReuseAddress=Y
SocketConnectPort={port}
SocketConnectHost=127.0.0.1
ReconnectInterval=1
HeartBtInt={heartbeat}
ResetOnLogon={reset}
StartTime=00:00:00
EndTime=00:00:00
FileStorePath={store}
FileLogPath={store}
{dictionary}
[SESSION]
BeginString={version}
SenderCompID=PEER
TargetCompID=TAPEWATCH
"""


def dictionaries(version: str) -> str:
    """Validation by QuickFIX's own dictionaries where the installation has them."""
    application = "DefaultApplVerID=FIX.5.0SP2\n" if version == "FIXT.1.1" else ""
    names = ("FIXT11", "FIX50SP2") if version == "FIXT.1.1" else (version.replace(".", ""),)
    found = [next(Path(sys.prefix).rglob(f"{name}.xml"), None) for name in names]
    if None in found:
        return application + "UseDataDictionary=N"
    if version == "FIXT.1.1":
        return f"{application}UseDataDictionary=Y\nTransportDataDictionary={found[0]}\nAppDataDictionary={found[1]}"
    return f"UseDataDictionary=Y\nDataDictionary={found[0]}"


def main() -> None:
    """Runs the session until `stop` or the end of standard input."""
    role, port, version, heartbeat, store, reset = sys.argv[1:7]
    configuration = Path(store) / "session.cfg"
    text = settings_text(role, port, version, heartbeat, store, reset)
    configuration.write_text(text)
    peer = Peer()
    settings = quickfix.SessionSettings(str(configuration))
    connector_type = quickfix.SocketAcceptor if role == "acceptor" else quickfix.SocketInitiator
    stores, logs = quickfix.FileStoreFactory(settings), quickfix.FileLogFactory(settings)
    connector = connector_type(peer, stores, settings, logs)
    session_id = quickfix.SessionID(version, "PEER", "TAPEWATCH")
    connector.start()
    print(json.dumps({"engine": "QuickFIX", "validates": "UseDataDictionary=Y" in text}), flush=True)
    session = quickfix.Session.lookupSession(session_id)
    for line in sys.stdin:
        words = line.split()
        if words[0] == "stop":
            break
        if words[0] == "send":
            first, count = int(words[1]), int(words[2])
            for number in range(first, first + count):
                quickfix.Session.sendToTarget(report(version, number), session_id)
        elif words[0] == "logout":
            session.logout("done")
        elif words[0] == "logon":
            session.logon()
        print(json.dumps(peer.state(session)), flush=True)
    connector.stop()


if __name__ == "__main__":
    main()
