--liquibase formatted sql

-- What the schema looked like when it was last changed by a change set: what differs from it now was changed by hand.
--changeset tidemill:123-schema-objects
CREATE TABLE schema_objects (
  kind text NOT NULL,
  name text NOT NULL,
  definition text NOT NULL,
  PRIMARY KEY (kind, name)
);
GRANT SELECT ON schema_objects TO tidemill_app, tidemill_batch, tidemill_backup;
--rollback DROP TABLE schema_objects;
