package dev.tidemill.backup;

import dev.tidemill.postgres.DatabaseUnavailable;
import dev.tidemill.postgres.PgBackRest;
import dev.tidemill.postgres.Recovery;
import java.time.Instant;
import java.time.format.DateTimeParseException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/// Physical backups of the private cluster as pgBackRest makes and lists them, where it is the engine.
public final class PhysicalBackups {

    /// Beside a backup in its repository: when a drill last recovered it, and to which level.
    private static final String RECOVERED = "tidemill-recovered";

    private final Premises premises;
    private final Depot depot;

    PhysicalBackups(Premises premises, Depot depot) {
        this.premises = premises;
        this.depot = depot;
    }

    /// A backup in pgBackRest's repository.
    ///
    /// @param type full, diff or incr
    /// @param bytes in the repository that only it needs
    /// @param lsn where replaying begins
    /// @param firstSegment of the log that it needs at least
    /// @param lastSegment of those
    /// @param needs the backup that it goes on from, null for a full one
    /// @param error whether pages with a wrong checksum were found while it was made
    /// @param recoveredAt when a drill last recovered it, null for never
    /// @param level that it reached in that, 0 before
    public record Physical(
            String label,
            String type,
            Instant startedAt,
            Instant completedAt,
            long databaseBytes,
            long bytes,
            String lsn,
            String firstSegment,
            String lastSegment,
            @Nullable String needs,
            boolean error,
            @Nullable Instant recoveredAt,
            int level) {}

    /// pgBackRest's repository with what is in it.
    ///
    /// @param trouble why it cannot be read, null where it can
    /// @param firstSegment of the log in it, null for none
    /// @param lastSegment of the log in it, null for none
    /// @param backups newest first
    public record Repository(
            @Nullable String target,
            @Nullable String trouble,
            @Nullable String cipher,
            @Nullable String firstSegment,
            @Nullable String lastSegment,
            List<Physical> backups) {

        private static Repository unreadable(String why) {
            return new Repository(null, why, null, null, null, List.of());
        }
    }

    /// Whether pgBackRest makes them.
    public boolean byPgBackRest() {
        return depot.engine() == BackupProperties.Engine.PGBACKREST;
    }

    PgBackRest engine() {
        return depot.pgBackRest(premises.cluster(), premises.database().password());
    }

    /// What there is, or why that cannot be told; nothing where pgBackRest is not the engine.
    public Optional<Repository> repository() {
        if (!byPgBackRest()) {
            return Optional.empty();
        }
        try {
            return Optional.of(read(engine()));
        } catch (DatabaseUnavailable | BackupDamaged | IllegalStateException | IllegalArgumentException e) {
            return Optional.of(Repository.unreadable(String.valueOf(e.getMessage())));
        }
    }

    static Repository read(PgBackRest engine) {
        JsonNode stanza = JsonMapper.shared().readTree(engine.info()).path(0);
        List<Physical> backups = new ArrayList<>();
        stanza.path("backup").forEach(backup -> backups.addFirst(physical(backup)));
        JsonNode newestArchive =
                stanza.path("archive").path(Math.max(0, stanza.path("archive").size() - 1));
        return new Repository(
                engine.repository().description(),
                null,
                stanza.path("cipher").asString(""),
                stanza.path("archive").path(0).path("min").asString(null),
                newestArchive.path("max").asString(null),
                backups);
    }

    private static Physical physical(JsonNode backup) {
        JsonNode time = backup.path("timestamp");
        JsonNode archive = backup.path("archive");
        // "2026-01-01T00:00:00Z level 4"
        String[] recovered =
                backup.path("annotation").path(RECOVERED).asString("").split(" level ", 2);
        return new Physical(
                backup.path("label").asString(""),
                backup.path("type").asString(""),
                Instant.ofEpochSecond(time.path("start").asLong()),
                Instant.ofEpochSecond(time.path("stop").asLong()),
                backup.path("info").path("size").asLong(),
                backup.path("info").path("repository").path("delta").asLong(),
                backup.path("lsn").path("start").asString(""),
                archive.path("start").asString(""),
                archive.path("stop").asString(""),
                backup.path("prior").asString(null),
                backup.path("error").asBoolean(false),
                recovered.length == 2 ? Instant.parse(recovered[0]) : null,
                recovered.length == 2 ? Integer.parseInt(recovered[1]) : 0);
    }

    /// Makes one, the server's log included from before it.
    Physical make(String type) {
        PgBackRest engine = engine();
        LiveDatabase database = premises.database();
        engine.begin(database.url(), String.valueOf(database.username()), String.valueOf(database.password()));
        depot.notePgBackRestKey();
        engine.backup(database.url(), type);
        return read(engine).backups().getFirst();
    }

    String verify() {
        return engine().verify();
    }

    /// The backup that a recovery begins with.
    ///
    /// @param given a label, or `latest` for the newest that had ended at the point
    static Physical base(Repository repository, String given, Recovery.Point point, String value) {
        return repository.backups().stream()
                .filter(backup -> given.equals("latest") ? endedBy(backup, point, value) : given.equals(backup.label()))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException("pgBackRest's repository in " + repository.target()
                        + " holds no backup " + (given.equals("latest") ? "from before that point" : given)
                        + ": it has "
                        + (repository.backups().isEmpty()
                                ? "none"
                                : repository.backups().stream()
                                        .map(backup -> backup.label() + " of " + backup.completedAt())
                                        .toList())));
    }

    private static boolean endedBy(Physical backup, Recovery.Point point, String value) {
        try {
            return point != Recovery.Point.TIME || !backup.completedAt().isAfter(Instant.parse(value));
        } catch (DateTimeParseException asPostgresWritesIt) {
            // pgBackRest reads it, and takes the right one.
            return true;
        }
    }

    /// Proves that the log in the repository has no gap from a backup on, by the names in it.
    ///
    /// @return the last segment
    /// @throws BackupDamaged naming the first segment that is missing
    static String unbroken(PgBackRest engine, Physical base) {
        return WalArchive.lastSegment(WalArchive.unbroken(
                engine.log(),
                base.lsn(),
                "pgBackRest's repository in " + engine.repository().description()));
    }

    /// The newest backup in which no wrong page was found, for drills.
    Optional<RecoverySource> source() {
        PgBackRest engine = engine();
        return read(engine).backups().stream()
                .filter(backup -> !backup.error())
                .findFirst()
                .map(base -> new RecoverySource.PhysicalBackup(engine, base, premises));
    }

    /// Notes that a drill recovered a backup.
    static void recovered(PgBackRest engine, String label, int level, Instant now) {
        engine.annotate(label, RECOVERED, String.format(Locale.ROOT, "%s level %d", now, level));
    }
}
