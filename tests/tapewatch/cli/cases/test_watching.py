from rich.console import Console

from surveillance.v1 import case_pb2
from tapewatch.cli.cases.watching import ROWS_SHOWN_MAX, Board


def printed(board: Board) -> str:
    console = Console(width=160, record=True, file=None, force_terminal=False)
    with console.capture() as captured:
        console.print(board.table())
    return captured.get()


def case(number: int, **fields: object) -> case_pb2.Case:
    state = fields.pop("state", case_pb2.CASE_STATE_OPEN)
    return case_pb2.Case(case_id=f"c{number}", number=number, state=state, **fields)  # type: ignore[arg-type] # fields by name


def test_the_most_urgent_case_is_on_top_and_a_closed_one_leaves() -> None:
    board = Board()
    board.take(case(1, priority=3, title="third"))
    board.take(case(2, priority=1, due_time_ns=9, title="second"))
    board.take(case(3, priority=1, due_time_ns=5, title="first"))
    shown = printed(board)
    assert shown.index("first") < shown.index("second") < shown.index("third")
    board.take(case(3, state=case_pb2.CASE_STATE_CLOSED))
    assert "first" not in printed(board)
    assert "2 open" in printed(board)


def test_a_table_that_is_too_long_says_how_many_are_below() -> None:
    board = Board()
    for number in range(ROWS_SHOWN_MAX + 3):
        board.take(case(number, priority=2))
    assert f"{ROWS_SHOWN_MAX + 3} open, 3 more below" in printed(board)
