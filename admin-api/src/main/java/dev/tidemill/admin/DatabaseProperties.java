package dev.tidemill.admin;

import java.time.Duration;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;

/// How the database is reached.
///
/// @param url address of an existing database, empty for a private cluster
/// @param migrate whether a start brings the database to this program's schema; otherwise another process has to
/// @param patience for how long a start asks a server again that is starting itself, or has no connection to give
/// @param batchPool connections for the jobs, 0 for as many as [PoolSizes] says
/// @param appPool connections for queries, 0 for as many as [PoolSizes] says
/// @param batchConnectionTimeout how long a job waits for a connection
/// @param appConnectionTimeout how long a request waits for a connection until it is answered with 503
/// @param batchSocketTimeout after how long without an answer a connection of a job counts as broken; longer than
///     the longest statement, which is the making of an index
/// @param appSocketTimeout the same for a query
/// @param leak how long a query may hold a connection until the log says where it was taken; 0 for never
/// @param exhaustedAfter how long threads may wait for a connection until the pool counts as exhausted
@ConfigurationProperties(prefix = "tidemill.database", ignoreUnknownFields = false)
record DatabaseProperties(
        @DefaultValue("") String url,
        @DefaultValue("true") boolean migrate,
        @DefaultValue("60s") Duration patience,
        @DefaultValue("0") int batchPool,
        @DefaultValue("0") int appPool,
        @DefaultValue("10s") Duration batchConnectionTimeout,
        @DefaultValue("3s") Duration appConnectionTimeout,
        @DefaultValue("600s") Duration batchSocketTimeout,
        @DefaultValue("60s") Duration appSocketTimeout,
        @DefaultValue("60s") Duration leak,
        @DefaultValue("5s") Duration exhaustedAfter) {

    DatabaseProperties {
        if (batchPool != 0 && batchPool < 4) {
            throw new IllegalArgumentException("tidemill.database.batch-pool is " + batchPool + ": must be at least 4");
        }
        if (appPool < 0) {
            throw new IllegalArgumentException("tidemill.database.app-pool is " + appPool + ": must be at least 1");
        }
    }
}
