INSERT INTO "${schema}"."clickctl_first_seen" (user_id, first_seen)
SELECT user_id, first_seen
FROM earlier
