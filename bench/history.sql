-- A long history: ${runs} runs of the workspace ${workspace} and half as many of ${other}, and ${letters} open dead letters of each of the
-- former. Run by bench/history and by RunHistoryPlanTest, as the owner past row-level security.
CREATE TEMP TABLE seed AS
  SELECT n AS id, CASE WHEN n % 3 = 2 THEN '${other}' ELSE '${workspace}' END::uuid AS workspace_id,
    (ARRAY['ingest', 'ingest', 'ingest', 'prune', 'backup'])[1 + n / 3 % 5] AS job,
    CASE WHEN n % 49 = 0 THEN 'FAILED' WHEN n % 97 = 0 THEN 'STOPPED' ELSE 'COMPLETED' END AS status,
    timestamp '2026-01-01' + n * interval '10 minutes' AS at
  FROM generate_series(1, ${runs} * 3 / 2) n;
INSERT INTO batch_job_instance (job_instance_id, version, job_name, job_key)
  SELECT id, 0, job, md5(id::text) FROM seed;
INSERT INTO batch_job_execution (job_execution_id, version, job_instance_id, create_time, start_time, end_time, status, exit_code,
    exit_message, last_updated)
  SELECT id, 2, id, at, at + interval '1 second', at + interval '1 second' * (60 + id % 600), status, status,
    CASE status WHEN 'FAILED' THEN 'connection ' || id || ' was reset' ELSE '' END, at FROM seed;
INSERT INTO batch_job_execution_context (job_execution_id, short_context) SELECT id, '{}' FROM seed;
INSERT INTO batch_job_execution_params (job_execution_id, parameter_name, parameter_type, parameter_value, identifying)
  SELECT id, p.name, 'java.lang.String', p.value, p.identifying
  FROM seed, LATERAL (VALUES ('identity', workspace_id || ':' || id, 'Y'), ('workspace', workspace_id::text, 'N'),
    ('subject', 'source ' || id % 200, 'N'), ('location', '/data/source-' || id % 200, 'N'), ('project', 'default', 'N')) p (name, value, identifying);
INSERT INTO batch_step_execution (step_execution_id, version, step_name, job_execution_id, create_time, start_time, end_time, status,
    commit_count, read_count, filter_count, write_count, read_skip_count, write_skip_count, process_skip_count, rollback_count,
    exit_code, exit_message, last_updated)
  SELECT id * 10 + s, 5, (ARRAY['discover', 'extract', 'embed', 'publish', 'index'])[s], id, at, at + interval '1 second' * s,
    at + interval '1 second' * (s + 10), 'COMPLETED', 20, 1000, 10, 990, 0, 0, 0, 0, 'COMPLETED', '', at
  FROM seed, generate_series(1, 5) s;
INSERT INTO batch_step_execution_context (step_execution_id, short_context)
  SELECT id * 10 + s, '{"progress.total":["java.lang.Long",1000],"progress.refused":["java.lang.Long",3],"progress.pace":"1|1767225600000|1767225660000|20|1000|700.0|42000.0|3000:50,3000:50"}'
  FROM seed, generate_series(1, 5) s;
INSERT INTO launches (workspace_id, job_instance_id, job, subject, state, origin, identity, request_hash, requested_by, reason, requested_at,
    requested_on, last_run_id, refused, started_at, ended_at)
  SELECT workspace_id, id, job, 'source ' || id % 200, lower(status), CASE id % 4 WHEN 0 THEN 'schedule:nightly' ELSE 'api' END, id::text, '',
    'key k' || id % 7, CASE id % 1000 WHEN 0 THEN 'quarterly clean-up' ELSE '' END, at, '${workspace}', id,
    CASE WHEN status = 'COMPLETED' AND id % 5 = 0 THEN 15 ELSE 0 END, at, at FROM seed;
INSERT INTO runs (workspace_id, run_id, job_instance_id, job, origin, attempt, requested_at, node, config_hash, code_version)
  SELECT workspace_id, id, id, job, CASE id % 4 WHEN 0 THEN 'schedule:nightly' ELSE 'api' END, 1, at, 'bench:1', 'c0ffee', '1' FROM seed;
INSERT INTO run_failures (workspace_id, run_id, number, step, error_class, exception, message, stack)
  SELECT workspace_id, id, 1, 'embed', 'TRANSIENT', 'java.net.SocketException', 'connection ' || id || ' was reset', repeat('at frame' || chr(10), 100)
  FROM seed WHERE status = 'FAILED';
INSERT INTO dead_letters (workspace_id, job, step, item_key, run_id, reason, detail)
  SELECT workspace_id, job, 'extract', id || '/' || n, id, 'CORRUPT', 'the file is broken'
  FROM seed, generate_series(1, ${letters}) n WHERE workspace_id = '${workspace}';
DROP TABLE seed;
SELECT setval('batch_job_execution_seq', ${runs} * 2), setval('batch_job_instance_seq', ${runs} * 2),
  setval('batch_step_execution_seq', ${runs} * 30);
ANALYZE;
