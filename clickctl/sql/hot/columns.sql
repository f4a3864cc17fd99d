-- Names in the catalog are lower case. https://docs.aws.amazon.com/redshift/latest/dg/r_SVV_REDSHIFT_COLUMNS.html
SELECT table_name, column_name, data_type
FROM svv_redshift_columns
WHERE database_name = current_database() AND schema_name = ?
ORDER BY table_name, ordinal_position
