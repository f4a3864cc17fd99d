-- How many users of each event-day's facts have no row of that day in dim_users. For Athena (Trino) and DuckDB alike.
SELECT f.year, f.month, f.day, count(*) - count(u.user_id) AS unknown
FROM (
  SELECT DISTINCT year, month, day, user_id
  FROM "${facts}"
  WHERE ${days}
) AS f
LEFT JOIN (
  SELECT DISTINCT year, month, day, user_id
  FROM "${users}"
  WHERE ${days}
) AS u
  ON f.year = u.year AND f.month = u.month AND f.day = u.day AND f.user_id = u.user_id
GROUP BY f.year, f.month, f.day
ORDER BY f.year, f.month, f.day
