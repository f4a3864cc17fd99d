-- One row per user over dim_users, which has one per user, event-day and unit. For Athena (Trino) and DuckDB alike.
-- Agent and address are those of the row last seen latest that has one; at the same instant the greater text wins,
-- by its bytes. Hence the inner grouping: max() passes over nulls, and leaves max_by() no ties to break.
-- Athena reads timestamps to the millisecond, so there the same instant is the same millisecond.
SELECT
  user_id,
  min(first_seen) AS first_seen,
  max(last_seen) AS last_seen,
  max_by(user_agent, last_seen) FILTER (WHERE user_agent IS NOT NULL) AS user_agent,
  max_by(ip, last_seen) FILTER (WHERE ip IS NOT NULL) AS ip
FROM (
  SELECT user_id, last_seen, min(first_seen) AS first_seen, max(user_agent) AS user_agent, max(ip) AS ip
  FROM "${users}"
  GROUP BY user_id, last_seen
) AS instants
GROUP BY user_id
