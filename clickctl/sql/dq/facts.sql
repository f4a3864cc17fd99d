-- The facts of each event-day: how many, by how many click_ids, and what is null. For Athena (Trino) and DuckDB alike.
SELECT
  year,
  month,
  day,
  count(*) AS facts,
  count(DISTINCT click_id) AS click_ids,
  count(*) - count(click_id) + count(*) - count(event_time) + count(*) - count(user_id) AS required_nulls,
  count(*) - count(session_id) AS session_id,
  count(*) - count(action) AS action,
  count(*) - count(page_url) AS page_url,
  count(*) - count(attrs) AS attrs
FROM "${facts}"
WHERE ${days}
GROUP BY year, month, day
ORDER BY year, month, day
