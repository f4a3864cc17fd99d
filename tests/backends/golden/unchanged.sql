SELECT table_name, column_name, data_type
FROM svv_redshift_columns
WHERE database_name = current_database() AND schema_name = $1
ORDER BY table_name, ordinal_position;
-- public

SELECT day, fingerprint, files, bytes, facts, duplicates, cut, newest_event, load_id, loaded_at
FROM "public"."clickctl_loads";
