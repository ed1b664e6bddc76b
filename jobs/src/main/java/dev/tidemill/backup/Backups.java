package dev.tidemill.backup;

import dev.tidemill.backup.BackupRows.Drill;
import dev.tidemill.backup.BackupRows.Standing;
import dev.tidemill.backup.Catalogue.Archive;
import dev.tidemill.backup.Catalogue.Entry;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// The catalogue of backups, for operators.
public final class Backups {

    private final Premises premises;
    private final Archives archives;
    private final Depot depot;
    private final BackupRows rows;
    private final BackupProperties properties;
    private final PhysicalBackups physical;

    Backups(
            Premises premises,
            Archives archives,
            Depot depot,
            BackupRows rows,
            BackupProperties properties,
            PhysicalBackups physical) {
        this.physical = physical;
        this.premises = premises;
        this.archives = archives;
        this.depot = depot;
        this.rows = rows;
        this.properties = properties;
    }

    /// What lies in the target.
    public Archives archives() {
        return archives;
    }

    /// Keeps a backup from expiring, or lets it expire again.
    ///
    /// @param reason null to let it
    /// @return false when there is no such backup
    public boolean pin(String given, @Nullable String reason) {
        Optional<String> id = archives.resolve(given);
        id.ifPresent(found -> {
            Catalogue catalogue = depot.catalogue();
            Archive archive = catalogue.open(found);
            catalogue.mark(archive, catalogue.marks(archive).pinned(reason));
        });
        return id.isPresent();
    }

    /// What is kept and why, and what goes.
    ///
    /// @param segments of the write-ahead log that no kept base backup needs
    public record Expiry(List<String> kept, List<String> gone, List<String> leftovers, int segments, boolean dryRun) {}

    /// Takes away what no rule wants kept, and what backups that were broken off left behind.
    public Expiry expire(boolean dryRun) {
        Catalogue catalogue = depot.catalogue();
        Instant now = Instant.now();
        List<String> kept = new ArrayList<>();
        List<String> gone = new ArrayList<>();
        for (RetentionRules.Decision decision : RetentionRules.decide(catalogue.list(), properties.retention(), now)) {
            if (decision.goes()) {
                gone.add(decision.id());
            } else {
                kept.add(decision.id() + ": " + String.join(", ", decision.reasons()));
            }
        }
        List<String> leftovers = catalogue.leftovers(now.minus(properties.leftovers()));
        int segments;
        try {
            if (!dryRun) {
                for (String id : gone) {
                    catalogue.delete(id);
                    rows.expired(id);
                }
                for (String folder : leftovers) {
                    catalogue.delete(folder);
                }
                catalogue.target().cleanUp(now.minus(properties.leftovers()));
            }
            segments = expireSegments(catalogue, gone, dryRun);
        } catch (IOException e) {
            throw new UncheckedIOException("backups could not be taken away: " + e.getMessage(), e);
        }
        return new Expiry(kept, gone, leftovers, segments, dryRun);
    }

    private static int expireSegments(Catalogue catalogue, List<String> gone, boolean dryRun) throws IOException {
        Optional<String> oldest = catalogue.list().stream()
                .filter(entry -> !gone.contains(entry.id()))
                .map(Entry::manifest)
                .filter(manifest -> manifest != null && manifest.scope() == Manifest.Scope.CLUSTER)
                .map(Manifest::lsn)
                .min(java.util.Comparator.comparing(WalArchive::segment));
        return oldest.isEmpty() ? 0 : new WalArchive(catalogue).expire(oldest.get(), dryRun);
    }

    public List<Drill> drills(int limit) {
        return rows.drills(limit);
    }

    /// How backups stand as this database knows it, without asking the target.
    public Standing standing() {
        return rows.standing();
    }

    /// Databases that restores made or are making.
    public List<String> restored() {
        try {
            return Draft.made(premises.database());
        } catch (SQLException e) {
            throw new IllegalStateException("the databases cannot be listed: " + e.getMessage(), e);
        }
    }

    /// Orders that a restored database take the place of the live one at the next start of the server.
    ///
    /// @param home the data folder
    /// @throws IllegalStateException saying what stands in the way
    public PromotionOrder order(java.nio.file.Path home, String restored, String confirmed, String by) {
        List<String> others = rows.servers();
        if (others.size() > 1) {
            throw new IllegalStateException("several servers work on the database (" + String.join(", ", others)
                    + "): stop all but this one, as none may be connected when it is renamed");
        }
        return PromotionOrder.place(home, premises.database(), restored, confirmed, by, Instant.now());
    }

    /// Finished segments of the write-ahead log that wait to be sent.
    ///
    /// @param oldest when the oldest of them was finished, null where there is none
    public record Waiting(int segments, @Nullable Instant oldest) {}

    public Waiting waiting() {
        java.nio.file.Path cluster = premises.cluster();
        java.nio.file.Path folder = cluster == null ? null : cluster.resolve(dev.tidemill.postgres.PrivateCluster.WAL);
        if (folder == null || !java.nio.file.Files.isDirectory(folder)) {
            return new Waiting(0, null);
        }
        return WalArchive.waiting(folder);
    }

    /// An answer as monitoring plug-ins give it.
    ///
    /// @param code 0 well, 1 warning, 2 critical, 3 unknown
    public record Check(int code, String text) {

        /// The worse of two, with what both say. What nobody knows is worse than a warning.
        Check and(Check other) {
            List<Integer> worse = List.of(0, 1, 3, 2);
            return new Check(
                    worse.indexOf(code) >= worse.indexOf(other.code) ? code : other.code, text + "; " + other.text);
        }
    }

    /// Whether there is a whole backup that is young enough, and a drill that is; the same of physical backups and
    /// their log, where they are made.
    ///
    /// @param oldestPhysical of the backup that a recovery to a point in time would begin with
    public Check check(Duration oldestBackup, Duration oldestDrill, Duration oldestPhysical) {
        Check logical = logical(oldestBackup, oldestDrill);
        return new PhysicalCheck(premises, depot, physical)
                .check(oldestPhysical, Instant.now())
                .map(logical::and)
                .orElse(logical);
    }

    private Check logical(Duration oldestBackup, Duration oldestDrill) {
        Instant now = Instant.now();
        List<Entry> all;
        try {
            all = depot.catalogue().list();
        } catch (RuntimeException e) {
            return new Check(3, "the backups cannot be looked at: " + e.getMessage());
        }
        Optional<Entry> latest = all.stream()
                .filter(entry -> entry.whole()
                        && entry.manifest() != null
                        && entry.manifest().scope() == Manifest.Scope.FULL)
                .findFirst();
        if (latest.isEmpty() || latest.get().manifest() == null) {
            return new Check(2, "there is no whole backup of everything in " + archives.target());
        }
        Manifest manifest = latest.get().manifest();
        Duration age = Duration.between(manifest.snapshotAt(), now);
        String text = manifest.id() + " is " + age.toHours() + " h old, level "
                + latest.get().marks().level();
        if (age.compareTo(oldestBackup) > 0) {
            return new Check(2, text + ": older than " + oldestBackup.toHours() + " h");
        }
        long damaged = all.stream().filter(entry -> !entry.whole()).count();
        Optional<Instant> verified = all.stream()
                .filter(entry -> entry.whole() && entry.marks().level() >= 3)
                .map(entry -> entry.marks().levelAt())
                .filter(java.util.Objects::nonNull)
                .max(Instant::compareTo);
        if (verified.isEmpty() || Duration.between(verified.get(), now).compareTo(oldestDrill) > 0) {
            return new Check(
                    1, text + ": no backup was restored and compared in the last " + oldestDrill.toDays() + " days");
        }
        return damaged > 0
                ? new Check(1, text + ", and " + damaged + " backups are damaged")
                : new Check(0, text + ", last restored and compared " + verified.get());
    }
}
