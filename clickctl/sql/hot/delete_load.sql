DELETE FROM "${schema}"."clickctl_loads"
WHERE day = ?
