DELETE FROM "${schema}"."${users}"
WHERE user_id IN (SELECT user_id FROM touched)
