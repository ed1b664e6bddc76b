package dev.tidemill.backup;

import dev.tidemill.backup.BackupRows.Finding;
import dev.tidemill.backup.Catalogue.Entry;
import dev.tidemill.backup.RecoveryMarks.Mark;
import dev.tidemill.postgres.DatabaseUnavailable;
import dev.tidemill.postgres.PrivateCluster;
import java.io.IOException;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Recovers the private cluster to a random moment since its newest base backup, into a scratch folder, and looks
/// through the copy on a server of its own.
final class PointInTimeDrill {

    static final String CHECK = "point in time";

    private static final Logger log = LoggerFactory.getLogger(PointInTimeDrill.class);
    private static final Duration FOR_A_SEGMENT = Duration.ofMinutes(2);
    private static final Duration FOR_THE_RECOVERY = Duration.ofHours(4);

    private final Premises premises;
    private final Depot depot;
    private final Archives archives;
    private final Questions questions;
    private final DrillProperties properties;
    private final PhysicalBackups physical;

    PointInTimeDrill(
            Premises premises,
            Depot depot,
            Archives archives,
            PhysicalBackups physical,
            Questions questions,
            DrillProperties properties) {
        this.physical = physical;
        this.premises = premises;
        this.depot = depot;
        this.archives = archives;
        this.questions = questions;
        this.properties = properties;
    }

    /// The newest physical backup of the private cluster, where there is one: since then its log is kept.
    Optional<RecoverySource> source() {
        if (premises.cluster() == null || premises.database().password() == null) {
            return Optional.empty();
        }
        return switch (depot.engine()) {
            case PGBACKREST -> physical.source();
            case TIDEMILL ->
                newest(depot.catalogue()).map(base -> new RecoverySource.BaseBackup(base, depot, archives, premises));
        };
    }

    /// The newest whole base backup.
    static Optional<Manifest> newest(Catalogue catalogue) {
        return catalogue.list().stream()
                .filter(Entry::whole)
                .map(Entry::manifest)
                .filter(manifest -> manifest != null && manifest.scope() == Manifest.Scope.CLUSTER)
                .map(Objects::requireNonNull)
                .findFirst();
    }

    /// A moment between two marks.
    private record Moment(Mark last, Instant time) {}

    /// What was found, a finding for each thing looked at.
    ///
    /// @param folder new, removed by the caller
    List<Finding> run(RecoverySource source, Path folder) throws InterruptedException {
        List<Finding> findings = new ArrayList<>();
        try {
            Moment moment = choose(source);
            long start = System.nanoTime();
            Archives.Recovered recovered = source.recover(folder, moment.time());
            try (PrivateCluster server = PrivateCluster.start(folder)) {
                LiveDatabase copy = new LiveDatabase(
                        server.jdbcUrl(premises.database().name()), server.username(), server.password());
                awaitRecovery(copy);
                double seconds = (System.nanoTime() - start) / 1e9;
                findings.add(marks(copy, moment, recovered, seconds));
                for (Finding finding : new Structure(copy, properties).everything()) {
                    findings.add(new Finding(CHECK + ", " + finding.check(), finding.well(), finding.detail()));
                }
                findings.add(answers(copy));
            }
        } catch (BackupDamaged | DatabaseUnavailable | IllegalStateException | SQLException | IOException e) {
            log.warn("the drill to a point in time failed", e);
            findings.add(new Finding(CHECK, false, String.valueOf(e.getMessage())));
        }
        note(source, findings);
        return findings;
    }

    private static void note(RecoverySource source, List<Finding> findings) {
        boolean well = findings.stream().allMatch(Finding::well);
        boolean asked =
                findings.stream().noneMatch(finding -> finding.detail().startsWith("left out: there was nothing"));
        if (well) {
            source.proved(asked ? 4 : 3, Instant.now());
        }
    }

    /// Makes sure that there are two marks whose segments have arrived, then takes any two that follow each other.
    private Moment choose(RecoverySource source) throws SQLException, IOException, InterruptedException {
        try (Connection live = premises.database().connect("tidemill drill")) {
            RecoveryMarks.write(live);
            RecoveryMarks.write(live);
            String needed =
                    String.valueOf(LiveDatabase.text(live, "SELECT pg_walfile_name(pg_current_wal_insert_lsn())"));
            LiveDatabase.text(live, "SELECT pg_switch_wal()::text");
            awaitSegment(source, needed, live);
            List<Mark> marks = RecoveryMarks.since(live, source.completedAt()).stream()
                    .filter(mark -> mark.segment().compareTo(needed.substring(8)) <= 0)
                    .toList();
            if (marks.size() < 2) {
                throw new IllegalStateException(
                        "there are no two marks since base backup " + source.id() + ": its clock is ahead of ours");
            }
            int last = ThreadLocalRandom.current().nextInt(marks.size() - 1);
            Mark before = marks.get(last);
            Mark after = marks.get(last + 1);
            Duration gap = Duration.between(before.at(), after.at());
            // A mark commits a little after the time in it, and surely before the next one is written.
            Instant time = gap.compareTo(Duration.ofSeconds(10)) < 0
                    ? after.at()
                    : before.at().plus(gap.dividedBy(2)).truncatedTo(ChronoUnit.MICROS);
            return new Moment(before, time);
        }
    }

    private static void awaitSegment(RecoverySource source, String segment, Connection live)
            throws SQLException, IOException, InterruptedException {
        long deadline = System.nanoTime() + FOR_A_SEGMENT.toNanos();
        while (!source.has(segment, live)) {
            if (System.nanoTime() > deadline) {
                throw new IllegalStateException("the segment " + segment + " of the write-ahead log has not come to "
                        + source.place() + " within " + FOR_A_SEGMENT.toMinutes() + " minutes: "
                        + Archiver.stuck(live).orElse("the log is not being kept")
                        + ". See server.log of the cluster");
            }
            TimeUnit.MILLISECONDS.sleep(200);
        }
    }

    private static void awaitRecovery(LiveDatabase copy) throws SQLException, InterruptedException {
        long deadline = System.nanoTime() + FOR_THE_RECOVERY.toNanos();
        while (System.nanoTime() < deadline) {
            try (Connection connection = copy.connect("tidemill drill")) {
                if ("f".equals(LiveDatabase.text(connection, "SELECT pg_is_in_recovery()"))) {
                    return;
                }
            }
            TimeUnit.MILLISECONDS.sleep(200);
        }
        throw new IllegalStateException("the copy has not recovered within " + FOR_THE_RECOVERY.toHours() + " hours");
    }

    /// Every row that had committed before the moment, and none after.
    private Finding marks(LiveDatabase copy, Moment moment, Archives.Recovered recovered, double seconds)
            throws SQLException {
        long expected;
        try (Connection live = premises.database().connect("tidemill drill")) {
            expected = LiveDatabase.number(
                    live,
                    "SELECT count(*) FROM recovery_marks WHERE id <= "
                            + moment.last().id());
        }
        try (Connection connection = copy.connect("tidemill drill")) {
            long there = LiveDatabase.number(
                    connection,
                    "SELECT count(*) FROM recovery_marks WHERE id <= "
                            + moment.last().id());
            long after = LiveDatabase.number(
                    connection,
                    "SELECT count(*) FROM recovery_marks WHERE id > "
                            + moment.last().id());
            // Old ones may have been trimmed in the live database since.
            boolean well = there >= expected && after == 0;
            return new Finding(
                    CHECK,
                    well,
                    String.format(
                            Locale.ROOT,
                            "%s, out of %s with the log up to %s, in %.1f s: %d of %d marks committed before, %d after",
                            moment.time(),
                            recovered.backup(),
                            recovered.lastSegment(),
                            seconds,
                            Math.min(there, expected),
                            expected,
                            after));
        }
    }

    /// What the copy holds was asked of it when it was that old by nobody; it must find what it has.
    private Finding answers(LiveDatabase copy) throws SQLException {
        Questions.Sheet sheet = questions.ask(copy, null, 3, null);
        long found =
                sheet.asked().stream().filter(asked -> !asked.found().isEmpty()).count();
        int asked = sheet.asked().size();
        return new Finding(
                CHECK + ", answers",
                found == asked,
                asked == 0
                        ? "left out: there was nothing to ask"
                        : found + " of " + asked + " questions find passages"
                                + (sheet.left().isEmpty() ? "" : "; not asked: " + String.join("; ", sheet.left())));
    }
}
