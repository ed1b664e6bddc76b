/// Tests of backfills.
@NullMarked
package dev.tidemill.migrate;

import org.jspecify.annotations.NullMarked;
