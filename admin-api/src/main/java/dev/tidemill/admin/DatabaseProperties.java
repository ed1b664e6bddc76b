package dev.tidemill.admin;

import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;

/// How the database is reached.
///
/// @param url address of an existing database, empty for a private cluster
/// @param migrate whether a start brings the database to this program's schema; otherwise another process has to
/// @param batchPool connections for the jobs
/// @param appPool connections for queries
@ConfigurationProperties(prefix = "tidemill.database", ignoreUnknownFields = false)
record DatabaseProperties(
        @DefaultValue("") String url,
        @DefaultValue("true") boolean migrate,
        @DefaultValue("16") int batchPool,
        @DefaultValue("10") int appPool) {

    DatabaseProperties {
        if (batchPool < 4) {
            throw new IllegalArgumentException("tidemill.database.batch-pool is " + batchPool + ": must be at least 4");
        }
        if (appPool < 1) {
            throw new IllegalArgumentException("tidemill.database.app-pool is " + appPool + ": must be at least 1");
        }
    }
}
