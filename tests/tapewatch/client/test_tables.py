"""Messages as columns."""

import pyarrow as pa

from surveillance.v1 import alert_pb2, case_pb2, report_pb2
from tapewatch.client.tables import table_of


def test_a_message_is_a_row_with_times_words_and_lists() -> None:
    case = case_pb2.Case(
        case_id="c1",
        number=7,
        state=case_pb2.CASE_STATE_IN_REVIEW,
        severity=alert_pb2.SEVERITY_HIGH,
        owners=["O1", "O2"],
        create_time_ns=1_772_450_000_000_000_001,
        comments=[case_pb2.Comment(author="ann", time_ns=5_000, text="look")],
    )
    table = table_of(case_pb2.Case, [case])
    (row,) = table.select(
        ["number", "state", "severity", "disposition", "owners", "due_time_ns", "comments"]
    ).to_pylist()
    assert (row["number"], row["state"], row["severity"], row["disposition"]) == (7, "IN_REVIEW", "HIGH", None)
    assert (row["owners"], row["due_time_ns"], row["comments"][0]["author"]) == (["O1", "O2"], None, "ann")
    assert table.column("create_time_ns").cast(pa.int64()).to_pylist() == [1_772_450_000_000_000_001]
    assert table.schema.field("create_time_ns").type == pa.timestamp("ns", tz="UTC")


def test_without_a_message_the_columns_are_there() -> None:
    table = table_of(alert_pb2.Alert, [])
    assert table.num_rows == 0
    assert table.column_names == [field.name for field in alert_pb2.Alert.DESCRIPTOR.fields]


def test_a_map_and_a_number_that_is_newer_than_the_contract_are_kept() -> None:
    request = report_pb2.GetReportRequest(case_id="1", answers={"entity_name": "Venue"})
    table = table_of(report_pb2.GetReportRequest, [request])
    assert table.column("answers").to_pylist() == [[("entity_name", "Venue")]]
    newer = case_pb2.Case(state=case_pb2.CASE_STATE_CLOSED).SerializeToString().replace(b"\x05", b"\x63")
    assert table_of(case_pb2.Case, [case_pb2.Case.FromString(newer)]).column("state").to_pylist() == ["99"]
