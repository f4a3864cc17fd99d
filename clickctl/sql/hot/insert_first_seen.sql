INSERT INTO "${schema}"."clickctl_first_seen" (user_id, first_seen)
SELECT user_id, min(first_seen)
FROM (
  SELECT
    CASE WHEN octet_length(user_id) > 512 THEN left(user_id, 64) || ':' || md5(user_id) ELSE user_id END AS user_id,
    first_seen
  FROM stage_users
) AS sightings
GROUP BY user_id
