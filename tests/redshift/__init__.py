"""A stand-in for Amazon Redshift, for tests: never Redshift.

A PostgreSQL 15 of its own behind a proxy that greets the real driver as Redshift does, takes Redshift's statements
and no others, and does COPY of Parquet from S3 in the session's own transaction (`server.Standin`).

Stricter than PostgreSQL, as Redshift is: unknown grammar, functions and types; VARCHAR(n) in bytes; MERGE from a plain
table alone; writers of one table wait for one another; one isolation level for all; COPY by position with its checks
of number, order and type of columns, of sizes and missing files; TRUNCATE and VACUUM in a block (Redshift would commit
at a TRUNCATE, here it is refused); keys told and not enforced.

Where it is known to differ from Redshift:

- **Text.** Blanks at the end count when texts are compared (to Redshift 'a' = 'a '). One collation, by bytes.
- **SUPER** is jsonb: keys lose their order; numbers are exact and of any size; no navigation into it, no limits of
  its own but JSON_SERIALIZE's 65,535 bytes. Which texts JSON_PARSE takes is PostgreSQL's opinion, but that a key twice
  in an object is refused without json_parse_dedup_attributes.
- **Isolation.** "serializable" is PostgreSQL's, which finds a cycle at other moments than Redshift does; "snapshot"
  is REPEATABLE READ. Locks are taken when a statement is prepared. A deadlock is found in 100 ms.
- **Time.** One process on one machine: no slices, no queues (WLM), no query monitoring, no result cache, no concurrency
  scaling, no pause or resize. How long anything takes says nothing about Redshift.
- **Errors** have the SQLSTATE and the words that documentation and users report; details of a COPY are shorter, and
  no system table has them (STL_LOAD_ERRORS, SYS_LOAD_ERROR_DETAIL).
- **COPY** reads Parquet alone. A role is looked at for its shape only: it gives and denies nothing. Regions are not
  compared. What may be converted into what is told by a short table. Files are read as they are when COPY runs.
- **Permissions.** The user may do everything; GRANT and REVOKE are passed on and change nothing.
- **Views** WITH NO SCHEMA BINDING are bound all the same. Views of the catalog are those the tests ask for, and
  pg_indexes has no primary keys.
- **Layout** (DISTSTYLE, DISTKEY, SORTKEY, ENCODE) is checked and told in SVV_REDSHIFT_COLUMNS, and moves nothing.
- **External schemas** have tables like Glue's, which are empty until a test fills them: no file is read (no Spectrum).
- **Connections.** Passwords by MD5; no IAM, no idle or connection limits; cancel requests are not heard; rows come in
  PostgreSQL's own formats (the driver's protocol 0).
- **Durability.** A killed server keeps what it had committed; a machine that loses power would not (fsync is off).
"""
