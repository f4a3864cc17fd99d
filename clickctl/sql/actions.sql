-- Every event of one action by its click_id, with the hour it happened in (UTC). For Athena (Trino) and DuckDB alike.
SELECT DISTINCT click_id, CAST(date_trunc('hour', event_time) AS VARCHAR) AS hour
FROM "${facts}"
WHERE action = ? AND ${days}
