INSERT INTO touched (user_id)
SELECT user_id FROM "${schema}"."clickctl_user_days"
UNION
SELECT user_id FROM "${schema}"."${users}"
