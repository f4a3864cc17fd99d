DELETE FROM "${schema}"."clickctl_first_seen"
