-- The rows of dim_users of each event-day. For Athena (Trino) and DuckDB alike.
SELECT year, month, day, count(*) AS users
FROM "${users}"
WHERE ${days}
GROUP BY year, month, day
ORDER BY year, month, day
