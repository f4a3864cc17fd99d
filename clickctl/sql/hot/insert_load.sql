INSERT INTO "${schema}"."clickctl_loads"
  (day, fingerprint, files, bytes, facts, duplicates, cut, newest_event, load_id, loaded_at)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
