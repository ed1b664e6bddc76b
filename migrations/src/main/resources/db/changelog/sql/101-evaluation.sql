--liquibase formatted sql

-- Nothing wrote golden questions before these sets were there, so the columns can ask for a value.
--changeset tidemill:101-golden-sets
CREATE TABLE golden_sets (
  workspace_id uuid NOT NULL,
  id bigint GENERATED ALWAYS AS IDENTITY,
  project_id uuid NOT NULL,
  name text NOT NULL,
  canary boolean NOT NULL DEFAULT true,
  created_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (workspace_id, id),
  UNIQUE (workspace_id, project_id, name),
  FOREIGN KEY (workspace_id, project_id) REFERENCES projects ON DELETE CASCADE
);
COMMENT ON COLUMN golden_sets.canary IS 'whether it is asked after every run that changed the corpus';
CALL protect_tenant_table('golden_sets');
ALTER TABLE golden_questions
  ADD COLUMN golden_set_id bigint NOT NULL,
  ADD COLUMN key text NOT NULL,
  ADD FOREIGN KEY (workspace_id, golden_set_id) REFERENCES golden_sets ON DELETE CASCADE,
  ADD UNIQUE (workspace_id, golden_set_id, key);
COMMENT ON COLUMN golden_questions.expected IS
  'relevant documents as [{"document": key, "grade": 1, "span": text}]; a span is text that a chunk among the first must hold';
--rollback ALTER TABLE golden_questions DROP COLUMN key, DROP COLUMN golden_set_id; DROP TABLE golden_sets;

-- An evaluation asks every question of a golden set, or of a sample of real ones, of one vector set. What is asked is in the data: the
-- answers that are there need not be made again.
--changeset tidemill:101-evaluations
ALTER TABLE evaluation_runs
  ADD COLUMN golden_set_id bigint NOT NULL DEFAULT 0,
  ADD COLUMN golden_set text NOT NULL DEFAULT '',
  ADD COLUMN launch_id bigint,
  ADD COLUMN mode text NOT NULL DEFAULT 'hybrid',
  ADD COLUMN model text NOT NULL DEFAULT '',
  ADD COLUMN generation bigint NOT NULL DEFAULT 0,
  ADD COLUMN questions integer NOT NULL DEFAULT 0,
  ADD COLUMN done_at timestamptz,
  ADD COLUMN canary boolean NOT NULL DEFAULT false,
  ADD COLUMN fell boolean NOT NULL DEFAULT false;
COMMENT ON COLUMN evaluation_runs.fell IS 'a canary that fell: later ones are compared with what was before it';
COMMENT ON COLUMN evaluation_runs.golden_set_id IS '0 for a sample of real questions, which has no judgements';
COMMENT ON COLUMN evaluation_runs.generation IS 'of the corpus when the evaluation began';
CREATE UNIQUE INDEX evaluation_runs_launch ON evaluation_runs (workspace_id, launch_id, set_id, golden_set_id, mode);
CREATE TABLE evaluation_answers (
  workspace_id uuid NOT NULL,
  evaluation_id bigint NOT NULL,
  key text NOT NULL,
  question text NOT NULL,
  found text[] NOT NULL,
  ndcg float8,
  recall float8,
  recall_deep float8,
  reciprocal_rank float8,
  span_hit boolean,
  millis float8 NOT NULL,
  PRIMARY KEY (workspace_id, evaluation_id, key),
  FOREIGN KEY (workspace_id, evaluation_id) REFERENCES evaluation_runs ON DELETE CASCADE
);
COMMENT ON COLUMN evaluation_answers.recall IS 'among the first ten; recall_deep among all that were asked for';
COMMENT ON COLUMN evaluation_answers.found IS 'keys of the documents found, best first; for a sample of real questions the chunks';
CALL protect_tenant_table('evaluation_answers');
--rollback DROP TABLE evaluation_answers; DROP INDEX evaluation_runs_launch; ALTER TABLE evaluation_runs DROP COLUMN golden_set_id, DROP COLUMN golden_set, DROP COLUMN launch_id, DROP COLUMN mode, DROP COLUMN model, DROP COLUMN generation, DROP COLUMN questions, DROP COLUMN done_at, DROP COLUMN canary, DROP COLUMN fell;

-- Questions people asked, each once, no more than a few hundred of a project: what a new vector set is tried with before it is
-- switched to.
--changeset tidemill:101-asked-questions
CREATE TABLE asked_questions (
  workspace_id uuid NOT NULL,
  project_id uuid NOT NULL,
  question_id uuid NOT NULL,
  question text NOT NULL,
  times integer NOT NULL DEFAULT 1,
  first_asked_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  asked_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (workspace_id, project_id, question_id),
  FOREIGN KEY (workspace_id, project_id) REFERENCES projects ON DELETE CASCADE
);
COMMENT ON COLUMN asked_questions.question_id IS 'first half of the SHA-256 of the question';
CALL protect_tenant_table('asked_questions');
--rollback DROP TABLE asked_questions;
