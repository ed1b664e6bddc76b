/// Tests of backups, restores and drills, on a real PostgreSQL and a real S3 server.
@NullMarked
package dev.tidemill.backup;

import org.jspecify.annotations.NullMarked;
