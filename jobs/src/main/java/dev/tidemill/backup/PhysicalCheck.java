package dev.tidemill.backup;

import dev.tidemill.backup.Backups.Check;
import dev.tidemill.postgres.DatabaseUnavailable;
import dev.tidemill.postgres.PgBackRest;
import java.io.IOException;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;

/// Judges the physical backups of the private cluster, whoever makes them, and the log since the newest of them.
final class PhysicalCheck {

    private final Premises premises;
    private final Depot depot;
    private final PhysicalBackups physical;

    PhysicalCheck(Premises premises, Depot depot, PhysicalBackups physical) {
        this.premises = premises;
        this.depot = depot;
        this.physical = physical;
    }

    /// Nothing where none are wanted.
    Optional<Check> check(Duration oldest, Instant now) {
        try {
            return switch (depot.engine()) {
                case PGBACKREST -> Optional.of(pgBackRest(oldest, now));
                case TIDEMILL -> premises.cluster() == null ? Optional.empty() : ours(oldest, now);
            };
        } catch (BackupDamaged e) {
            return Optional.of(new Check(2, String.valueOf(e.getMessage())));
        } catch (DatabaseUnavailable | IllegalStateException | SQLException | IOException e) {
            return Optional.of(new Check(3, "the physical backups cannot be looked at: " + e.getMessage()));
        }
    }

    private Check pgBackRest(Duration oldest, Instant now) throws SQLException {
        PgBackRest engine = physical.engine();
        PhysicalBackups.Repository repository = PhysicalBackups.read(engine);
        if (repository.backups().isEmpty()) {
            return new Check(
                    2,
                    "there is no backup in pgBackRest's repository in " + repository.target()
                            + ": ./tidemill jobs start pgbackrest");
        }
        PhysicalBackups.Physical newest = repository.backups().getFirst();
        String text = "pgBackRest's " + newest.label();
        if (newest.error()) {
            return new Check(2, text + " holds pages with a wrong checksum: look at the disk, and at its log");
        }
        String last = PhysicalBackups.unbroken(engine, newest);
        return judge(
                text + (newest.recoveredAt() == null ? ", never recovered" : ", recovered " + newest.recoveredAt()),
                newest.completedAt(),
                last,
                oldest,
                now);
    }

    private Optional<Check> ours(Duration oldest, Instant now) throws SQLException, IOException {
        Optional<Manifest> newest = PointInTimeDrill.newest(depot.catalogue());
        if (newest.isEmpty()) {
            return Optional.empty();
        }
        List<String> log = new WalArchive(depot.catalogue()).from(newest.get().lsn());
        return Optional.of(judge(
                "base backup " + newest.get().id(),
                newest.get().completedAt(),
                WalArchive.lastSegment(log),
                oldest,
                now));
    }

    private Check judge(String text, Instant completedAt, String lastSegment, Duration oldest, Instant now)
            throws SQLException {
        Duration age = Duration.between(completedAt, now);
        String told = text + ", " + age.toHours() + " h old, the log since then up to " + lastSegment;
        try (Connection connection = premises.database().connect("tidemill check")) {
            Optional<String> stuck = Archiver.stuck(connection);
            if (stuck.isPresent()) {
                return new Check(2, told + ": " + stuck.get());
            }
        }
        return age.compareTo(oldest) > 0
                ? new Check(1, told + ": older than " + oldest.toDays() + " days, a recovery would take long")
                : new Check(0, told);
    }
}
