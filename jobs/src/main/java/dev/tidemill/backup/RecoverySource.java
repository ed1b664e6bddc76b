package dev.tidemill.backup;

import dev.tidemill.backup.Catalogue.Archive;
import dev.tidemill.postgres.DatabaseUnavailable;
import dev.tidemill.postgres.PgBackRest;
import dev.tidemill.postgres.PrivateCluster;
import dev.tidemill.postgres.Recovery;
import java.io.IOException;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Instant;
import java.util.Objects;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// A physical backup with the log since it, for a drill to recover: ours, or pgBackRest's.
sealed interface RecoverySource {

    String id();

    Instant completedAt();

    /// Whether a segment of the log has arrived where it is kept.
    ///
    /// @param live the server that writes it
    boolean has(String segment, Connection live) throws SQLException, IOException, InterruptedException;

    /// For people: where the log is kept.
    String place();

    /// Makes the folder of a private cluster that recovers to a time when it is started.
    Archives.Recovered recover(Path folder, Instant time) throws IOException;

    /// Notes that it was recovered.
    void proved(int level, Instant now);

    /// A base backup in the target.
    record BaseBackup(Manifest base, Depot depot, Archives archives, Premises premises) implements RecoverySource {

        @Override
        public String id() {
            return base.id();
        }

        @Override
        public Instant completedAt() {
            return base.completedAt();
        }

        /// Sends it too, as whoever runs this may be a command without a server.
        @Override
        public boolean has(String segment, Connection live) throws IOException, InterruptedException {
            WalArchive wal = new WalArchive(depot.catalogue());
            if (wal.has(segment)) {
                return true;
            }
            try {
                wal.ship(Objects.requireNonNull(premises.cluster()).resolve(PrivateCluster.WAL));
                return false;
            } catch (InterruptedException | IOException e) {
                throw e;
            } catch (Exception e) {
                throw new IOException("segments cannot be sent: " + e.getMessage(), e);
            }
        }

        @Override
        public String place() {
            return depot.catalogue().target().description();
        }

        @Override
        public Archives.Recovered recover(Path folder, Instant time) throws IOException {
            return archives.recover(
                    id(), folder, String.valueOf(premises.database().password()), Recovery.Point.TIME, time.toString());
        }

        @Override
        public void proved(int level, Instant now) {
            Catalogue catalogue = depot.catalogue();
            Archive archive = catalogue.open(id());
            catalogue.mark(archive, catalogue.marks(archive).atLevel(level, now));
        }
    }

    /// A backup in pgBackRest's repository.
    record PhysicalBackup(PgBackRest engine, PhysicalBackups.Physical base, Premises premises)
            implements RecoverySource {

        private static final Logger log = LoggerFactory.getLogger(PhysicalBackup.class);

        @Override
        public String id() {
            return base.label();
        }

        /// pgBackRest leaves the fraction of the second out.
        @Override
        public Instant completedAt() {
            return base.completedAt().plusSeconds(1);
        }

        /// The server takes a segment for archived when pgBackRest has said that it is in the repository.
        @Override
        public boolean has(String segment, Connection live) throws SQLException {
            return LiveDatabase.text(
                            live,
                            "SELECT 1 FROM pg_stat_archiver WHERE last_archived_wal COLLATE \"C\" >= ?"
                                    + " AND current_setting('archive_command') LIKE 'pgbackrest %'",
                            segment)
                    != null;
        }

        @Override
        public String place() {
            return "pgBackRest's repository in " + engine.repository().description();
        }

        @Override
        public Archives.Recovered recover(Path folder, Instant time) {
            String last = PhysicalBackups.unbroken(engine, base);
            engine.restore(
                    folder, String.valueOf(premises.database().password()), id(), Recovery.Point.TIME, time.toString());
            return new Archives.Recovered("pgBackRest's " + id(), folder, last);
        }

        /// A note that cannot be written, while a backup is being made for example, makes the drill no worse.
        @Override
        public void proved(int level, Instant now) {
            try {
                PhysicalBackups.recovered(engine, id(), level, now);
            } catch (DatabaseUnavailable e) {
                log.warn("that a drill recovered {} could not be noted beside it: {}", id(), e.getMessage());
            }
        }
    }
}
