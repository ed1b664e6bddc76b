--liquibase formatted sql

-- The job repository of Spring Batch 6.0.6, kept here so that a library upgrade cannot change an applied change set.
--changeset tidemill:070-job-repository
create table batch_job_instance (
  job_instance_id bigint not null primary key,
  version bigint,
  job_name varchar(100) not null,
  job_key varchar(32) not null,
  constraint job_inst_un unique (job_name, job_key)
);
create table batch_job_execution (
  job_execution_id bigint not null primary key,
  version bigint,
  job_instance_id bigint not null,
  create_time timestamp not null,
  start_time timestamp default null,
  end_time timestamp default null,
  status varchar(10),
  exit_code varchar(2500),
  exit_message varchar(2500),
  last_updated timestamp,
  constraint job_inst_exec_fk foreign key (job_instance_id)
  references batch_job_instance(job_instance_id)
);
create table batch_job_execution_params (
  job_execution_id bigint not null,
  parameter_name varchar(100) not null,
  parameter_type varchar(100) not null,
  parameter_value varchar(2500),
  identifying char(1) not null,
  constraint job_exec_params_fk foreign key (job_execution_id)
  references batch_job_execution(job_execution_id)
);
create table batch_step_execution (
  step_execution_id bigint not null primary key,
  version bigint not null,
  step_name varchar(100) not null,
  job_execution_id bigint not null,
  create_time timestamp not null,
  start_time timestamp default null,
  end_time timestamp default null,
  status varchar(10),
  commit_count bigint,
  read_count bigint,
  filter_count bigint,
  write_count bigint,
  read_skip_count bigint,
  write_skip_count bigint,
  process_skip_count bigint,
  rollback_count bigint,
  exit_code varchar(2500),
  exit_message varchar(2500),
  last_updated timestamp,
  constraint job_exec_step_fk foreign key (job_execution_id)
  references batch_job_execution(job_execution_id)
);
create table batch_step_execution_context (
  step_execution_id bigint not null primary key,
  short_context varchar(2500) not null,
  serialized_context text,
  constraint step_exec_ctx_fk foreign key (step_execution_id)
  references batch_step_execution(step_execution_id)
);
create table batch_job_execution_context (
  job_execution_id bigint not null primary key,
  short_context varchar(2500) not null,
  serialized_context text,
  constraint job_exec_ctx_fk foreign key (job_execution_id)
  references batch_job_execution(job_execution_id)
);
create sequence batch_step_execution_seq maxvalue 9223372036854775807 no cycle;
create sequence batch_job_execution_seq maxvalue 9223372036854775807 no cycle;
create sequence batch_job_instance_seq maxvalue 9223372036854775807 no cycle;
CREATE INDEX batch_job_execution_instance ON batch_job_execution (job_instance_id);
CREATE INDEX batch_job_execution_status ON batch_job_execution (status, job_execution_id);
CREATE INDEX batch_step_execution_job ON batch_step_execution (job_execution_id);
CREATE INDEX batch_job_execution_params_job ON batch_job_execution_params (job_execution_id);
GRANT SELECT, INSERT, UPDATE, DELETE ON batch_job_instance, batch_job_execution, batch_job_execution_params, batch_step_execution,
  batch_step_execution_context, batch_job_execution_context TO tidemill_batch, tidemill_meta;
GRANT USAGE ON SEQUENCE batch_step_execution_seq, batch_job_execution_seq, batch_job_instance_seq TO tidemill_batch, tidemill_meta;
GRANT SELECT ON batch_job_instance, batch_job_execution, batch_job_execution_params, batch_step_execution,
  batch_step_execution_context, batch_job_execution_context, batch_step_execution_seq, batch_job_execution_seq,
  batch_job_instance_seq TO tidemill_backup, tidemill_app;
--rollback DROP TABLE batch_job_execution_context, batch_step_execution_context, batch_step_execution, batch_job_execution_params, batch_job_execution, batch_job_instance; DROP SEQUENCE batch_step_execution_seq, batch_job_execution_seq, batch_job_instance_seq;

-- Two restarts of one instance cannot both run, whatever raced before them.
--changeset tidemill:070-one-live-execution
CREATE UNIQUE INDEX one_live_execution ON batch_job_execution (job_instance_id) WHERE end_time IS NULL;
--rollback DROP INDEX one_live_execution;
