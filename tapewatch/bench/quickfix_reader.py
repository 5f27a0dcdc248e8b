"""Reads messages with QuickFIX, for the bench: run by an interpreter that has it, and needs nothing else.

Standard input: messages, each behind its length in four bytes, little-endian. Arguments: the tags to read. Prints a
JSON list: the CPU seconds of each run over all messages.
"""

import json
import sys
import time

import quickfix  # type: ignore[import-not-found]  # it is in an environment of its own

RUNS = 3
LENGTH_BYTES = 4


def read(texts: list[str], tags: list[int]) -> None:
    """Parses every message and reads the fields it has."""
    for text in texts:
        message = quickfix.Message(text, False)
        for tag in tags:
            if message.isSetField(tag):
                message.getField(tag)


def main() -> None:
    """Measures and prints."""
    data, at, texts = sys.stdin.buffer.read(), 0, []
    while at < len(data):
        end = at + LENGTH_BYTES + int.from_bytes(data[at : at + LENGTH_BYTES], "little")
        texts.append(data[at + LENGTH_BYTES : end].decode("latin-1"))
        at = end
    tags = [int(tag) for tag in sys.argv[1:]]
    spent = []
    for _ in range(RUNS):
        begun = time.process_time()
        read(texts, tags)
        spent.append(time.process_time() - begun)
    print(json.dumps(spent))


if __name__ == "__main__":
    main()
