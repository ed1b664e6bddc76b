package dev.tidemill.run;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Timestamp;
import java.sql.Types;
import java.time.Duration;
import java.util.HashSet;
import java.util.Set;
import java.util.concurrent.Executor;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Tells the other processes that this one lives, on a connection of its own that no exhausted pool can take from
/// it. A process that cannot say so for most of its lease's time gives its runs up by itself, before others take
/// them over.
final class Heartbeat {

    private static final Logger log = LoggerFactory.getLogger(Heartbeat.class);
    private static final Executor DIRECT = Runnable::run;

    private final DataSource dataSource;
    private final Node node;
    private final Fences fences;
    private final Timing timing;
    private Consumer<Set<Long>> lost = instances -> {};
    private final ScheduledExecutorService timer = Executors.newSingleThreadScheduledExecutor(
            Thread.ofPlatform().name("heartbeat").daemon().factory());
    private @Nullable Connection connection;
    private volatile long lastBeatNanos;
    private boolean suspended;

    /// How often a process says that it lives, how long that is believed, and after how long without success it
    /// gives up.
    record Timing(Duration interval, Duration lease, Duration patience) {
        Timing {
            if (interval.compareTo(patience) >= 0 || patience.compareTo(lease) >= 0) {
                throw new IllegalArgumentException("heartbeat every " + interval + ", patience " + patience + ", lease "
                        + lease + ": each must be longer than the one before");
            }
        }
    }

    Heartbeat(DataSource dataSource, Node node, Fences fences, Timing timing) {
        this.dataSource = dataSource;
        this.node = node;
        this.fences = fences;
        this.timing = timing;
    }

    /// @param told of job instances whose lease this process has to give up
    void start(Consumer<Set<Long>> told) {
        lost = told;
        try {
            beat();
        } catch (SQLException e) {
            throw new IllegalStateException("the process cannot be made known to the database: " + e.getMessage(), e);
        }
        long millis = timing.interval().toMillis();
        ScheduledFuture<?> _ = timer.scheduleAtFixedRate(this::tick, millis, millis, TimeUnit.MILLISECONDS);
    }

    /// Whether the last beat is recent enough to work on runs.
    boolean healthy() {
        return System.nanoTime() - lastBeatNanos < timing.patience().toNanos();
    }

    private void tick() {
        try {
            beat();
            suspended = false;
        } catch (SQLException e) {
            close();
            log.warn("no heartbeat: {}", e.getMessage());
            if (!healthy() && !suspended) {
                suspended = true;
                log.error("no heartbeat for {}: this process gives its runs up", timing.patience());
                lost.accept(fences.held());
            }
        } catch (RuntimeException e) {
            // An exception would end the timer, and with it every run of this process.
            log.error("the heartbeat failed; it is tried again in {}", timing.interval(), e);
        }
    }

    private void beat() throws SQLException {
        Connection open = open();
        try (PreparedStatement statement = open.prepareStatement("""
                INSERT INTO nodes (boot_id, name, place, pid, process_started_at, version, adopts, expires_at)
                VALUES (?, ?, ?, ?, ?, ?, ?, clock_timestamp() + ? * interval '1 millisecond')
                ON CONFLICT (boot_id) DO UPDATE SET heartbeat_at = clock_timestamp(), expires_at = excluded.expires_at
                """)) {
            statement.setObject(1, node.bootId());
            statement.setString(2, node.name());
            statement.setString(3, node.place());
            statement.setLong(4, node.pid());
            if (node.processStartedAt() == null) {
                statement.setNull(5, Types.TIMESTAMP_WITH_TIMEZONE);
            } else {
                statement.setTimestamp(5, Timestamp.from(node.processStartedAt()));
            }
            statement.setString(6, node.version());
            statement.setBoolean(7, node.adopts());
            statement.setLong(8, timing.lease().toMillis());
            statement.executeUpdate();
        }
        lastBeatNanos = System.nanoTime();
        Set<Long> missing = new HashSet<>(fences.held());
        if (!missing.isEmpty()) {
            // Read after the beat: a lease given in between is in `held` only once it is committed.
            try (PreparedStatement statement =
                    open.prepareStatement("SELECT job_instance_id FROM job_leases WHERE boot_id = ?")) {
                statement.setObject(1, node.bootId());
                try (ResultSet rows = statement.executeQuery()) {
                    while (rows.next()) {
                        missing.remove(rows.getLong(1));
                    }
                }
            }
            missing.retainAll(fences.held());
            if (!missing.isEmpty()) {
                lost.accept(missing);
            }
        }
    }

    private Connection open() throws SQLException {
        if (connection == null) {
            Connection fresh = dataSource.getConnection();
            try {
                fresh.setAutoCommit(true);
                fresh.setNetworkTimeout(
                        DIRECT, (int) timing.interval().multipliedBy(2).toMillis());
                try (var statement = fresh.createStatement()) {
                    statement.execute("SET ROLE tidemill_meta");
                }
            } catch (SQLException e) {
                fresh.close();
                throw e;
            }
            connection = fresh;
        }
        return connection;
    }

    private void close() {
        if (connection != null) {
            try {
                connection.close();
            } catch (SQLException e) {
                log.debug("the heartbeat's broken connection could not be closed", e);
            }
            connection = null;
        }
    }

    /// Says good-bye: nobody needs to wait for this process's lease to expire.
    void stop() {
        timer.shutdown();
        try {
            if (timer.awaitTermination(timing.interval().toMillis() * 3, TimeUnit.MILLISECONDS) && connection != null) {
                try (PreparedStatement statement = connection.prepareStatement(
                        "UPDATE nodes SET expires_at = '-infinity', stopped_at = clock_timestamp() WHERE boot_id = ?")) {
                    statement.setObject(1, node.bootId());
                    statement.executeUpdate();
                }
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (SQLException e) {
            log.warn("the end of this process could not be told; its lease expires by itself: {}", e.getMessage());
        }
        close();
    }
}
