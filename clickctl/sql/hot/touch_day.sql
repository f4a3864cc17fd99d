INSERT INTO touched (user_id)
SELECT user_id
FROM "${schema}"."clickctl_user_days"
WHERE day = ?
