package dev.tidemill.backup;

import dev.tidemill.postgres.PrivateCluster;
import dev.tidemill.run.Control;
import dev.tidemill.run.LaunchRequest;
import dev.tidemill.run.alerts.Event;
import dev.tidemill.run.alerts.Outbox;
import dev.tidemill.run.alerts.Severity;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.context.SmartLifecycle;

/// Sends the finished segments of the private cluster's write-ahead log to the target, from when a base backup asked
/// for them to be kept, or sees to it that the server hands them to pgBackRest. What cannot be sent stays where it is,
/// and operators are told.
final class WalShipping implements SmartLifecycle {

    private static final Logger log = LoggerFactory.getLogger(WalShipping.class);
    private static final Duration EVERY = Duration.ofSeconds(10);
    private static final Duration MARKS = Duration.ofMinutes(1);
    private static final String TROUBLE = "backup/wal";

    private final @Nullable Path folder;
    private final Depot depot;
    private final Control control;
    private final Outbox outbox;
    private final LiveDatabase database;
    private Instant marked = Instant.EPOCH;
    private @Nullable String stuck;
    private @Nullable ScheduledExecutorService clock;
    private volatile boolean running;
    private boolean told;

    /// Looks once it is started.
    ///
    WalShipping(Premises premises, Depot depot, Control control) {
        Path cluster = premises.cluster();
        this.folder = cluster == null ? null : cluster.resolve(PrivateCluster.WAL);
        this.database = premises.database();
        this.depot = depot;
        this.control = control;
        this.outbox = new Outbox(control.jdbc());
    }

    @Override
    public void start() {
        running = true;
        if (folder != null) {
            ScheduledExecutorService made = Executors.newSingleThreadScheduledExecutor(
                    Thread.ofPlatform().name("wal-shipping").daemon().factory());
            var looks =
                    made.scheduleWithFixedDelay(this::look, EVERY.toMillis(), EVERY.toMillis(), TimeUnit.MILLISECONDS);
            log.debug("looking for finished segments: {}", looks);
            clock = made;
        }
    }

    /// One look: sends what there is, and tells when that does not work.
    void look() {
        Path from = folder;
        boolean ours = from != null && Files.isDirectory(from);
        if (from == null || (!ours && depot.engine() == BackupProperties.Engine.TIDEMILL)) {
            return;
        }
        try {
            askServer();
            if (ours) {
                new WalArchive(depot.catalogue()).ship(from);
            }
            if (stuck != null) {
                throw new IllegalStateException(stuck + ": server.log of the cluster says why");
            }
            if (told) {
                told = false;
                control.run(
                        () -> outbox.resolve(LaunchRequest.INSTALLATION, TROUBLE, "The write-ahead log is kept again"));
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (Exception e) { // the edge of a thread: the next look is the retry
            log.warn("the write-ahead log is not kept: {}", e.getMessage());
            tell(e);
        }
    }

    /// Asks the server now and then whether it gets rid of its segments, and writes a mark for drills, which look for
    /// it in what they recover.
    private void askServer() {
        Instant now = Instant.now();
        if (Duration.between(marked, now).compareTo(MARKS) < 0) {
            return;
        }
        marked = now;
        try (Connection connection = database.connect("tidemill marks")) {
            if (depot.engine() == BackupProperties.Engine.PGBACKREST && !Archiver.toPgBackRest(connection)) {
                // Nothing is kept before its first backup.
                return;
            }
            stuck = Archiver.stuck(connection).orElse(null);
            RecoveryMarks.write(connection);
        } catch (SQLException e) {
            // Segments are sent all the same: they are worth more than the marks in them.
            log.warn("no mark could be written for drills: {}", e.getMessage());
        }
    }

    private void tell(Exception failure) {
        try {
            control.run(() -> outbox.raise(new Event(
                    LaunchRequest.INSTALLATION,
                    "backup.wal_not_archived",
                    Severity.ERROR,
                    TROUBLE,
                    "Segments of the write-ahead log are not kept and pile up on this machine: " + failure.getMessage(),
                    Map.of())));
            told = true;
        } catch (RuntimeException e) {
            log.warn("and that could not be told: {}", e.getMessage());
        }
    }

    @Override
    public void stop() {
        running = false;
        ScheduledExecutorService made = clock;
        if (made != null) {
            made.shutdown();
            try {
                made.awaitTermination(20, TimeUnit.SECONDS);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }
    }

    @Override
    public boolean isRunning() {
        return running;
    }
}
