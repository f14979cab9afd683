"""A view can be read whatever the fields of its rows are called."""

from local_cloud.athena.sql.types import BIGINT, VARCHAR, OutputColumn, array, map_of, row
from local_cloud.athena.storage.catalog import CatalogTable, Storage
from local_cloud.athena.storage.views import stored, table_input


def test_a_view_with_rows_whose_fields_are_words_of_sql_is_read_as_it_was_made() -> None:
    inner = row((VARCHAR, BIGINT, VARCHAR), ("table", 'a "b"', None))
    columns = (
        OutputColumn("outputs", array(inner)),
        OutputColumn("by_key", map_of(VARCHAR, row((array(inner),), ("select",)))),
        OutputColumn("version", BIGINT),
    )

    made = table_input("v", "SELECT 1", "lake", columns)
    view = stored(CatalogTable("lake", "v", (), (), Storage("", "", "", {}), {}, made))

    assert view.columns == columns
