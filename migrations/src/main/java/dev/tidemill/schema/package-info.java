/// The schema of the database as Liquibase change sets: applied by [Schema], by the owner of the tables
/// and by nothing else. The change sets themselves are formatted SQL under `db/changelog/sql`, one
/// topic a file, each with its rollback.
@NullMarked
package dev.tidemill.schema;

import org.jspecify.annotations.NullMarked;
