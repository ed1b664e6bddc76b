--liquibase formatted sql

--changeset test:three
CREATE TABLE three (id integer);
--rollback DROP TABLE three;
