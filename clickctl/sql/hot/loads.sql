SELECT day, fingerprint, files, bytes, facts, duplicates, cut, newest_event, load_id, loaded_at
FROM "${schema}"."clickctl_loads"
