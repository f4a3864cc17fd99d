SELECT
  count(*),
  coalesce(sum(
    CASE WHEN octet_length(user_agent) > 2048 THEN 1 ELSE 0 END
    + CASE WHEN octet_length(ip) > 256 THEN 1 ELSE 0 END
  ), 0)
FROM stage_users
