--liquibase formatted sql

-- The platform finds sets of all workspaces whose time to be gone back to is over; what it then does, it does within the workspace.
--changeset tidemill:102-soaking
GRANT SELECT (workspace_id, project_id, id, state, soak_until) ON vector_sets TO tidemill_meta;
CREATE POLICY platform ON vector_sets FOR SELECT TO tidemill_meta USING (true);
--rollback DROP POLICY platform ON vector_sets; REVOKE SELECT (workspace_id, project_id, id, state, soak_until) ON vector_sets FROM tidemill_meta;
