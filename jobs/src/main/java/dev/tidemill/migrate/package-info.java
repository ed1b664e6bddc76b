/// The job `migrate`: fills in data that a change of the schema left open, in small commits, while everything goes on.
/// The change of the schema itself is applied by `dev.tidemill.schema`. [Backfill] lists what can be filled in.
@NullMarked
package dev.tidemill.migrate;

import org.jspecify.annotations.NullMarked;
