-- When the users of a day that leaves were first seen.
INSERT INTO earlier (user_id, first_seen)
SELECT user_id, min(first_seen)
FROM (
  SELECT user_id, first_seen FROM "${schema}"."clickctl_user_days" WHERE day = ?
  UNION ALL
  SELECT user_id, first_seen FROM "${schema}"."clickctl_first_seen"
  WHERE user_id IN (SELECT user_id FROM touched)
) AS sightings
GROUP BY user_id
