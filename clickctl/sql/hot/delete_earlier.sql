DELETE FROM "${schema}"."clickctl_first_seen"
WHERE user_id IN (SELECT user_id FROM earlier)
