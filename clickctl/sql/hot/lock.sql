LOCK "${schema}"."clickctl_lock"
