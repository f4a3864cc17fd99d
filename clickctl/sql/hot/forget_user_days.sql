DELETE FROM "${schema}"."clickctl_user_days"
