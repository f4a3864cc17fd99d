DELETE FROM "${schema}"."${facts}"
WHERE event_time >= ? AND event_time < ?
