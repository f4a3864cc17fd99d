-- The tables of the Glue database, read where they lie (Redshift Spectrum). IAM_ROLE follows.
CREATE EXTERNAL SCHEMA IF NOT EXISTS "${external}"
FROM DATA CATALOG DATABASE '${database}'
