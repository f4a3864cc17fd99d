INSERT INTO "${schema}"."clickctl_user_days" (day, user_id, first_seen, last_seen, user_agent, ip)
SELECT
  CAST(? AS DATE),
  CASE WHEN octet_length(user_id) > 512 THEN left(user_id, 64) || ':' || md5(user_id) ELSE user_id END,
  first_seen,
  last_seen,
  CASE WHEN octet_length(user_agent) > 2048 THEN left(user_agent, 512) ELSE user_agent END,
  CASE WHEN octet_length(ip) > 256 THEN left(ip, 64) ELSE ip END
FROM stage_users
