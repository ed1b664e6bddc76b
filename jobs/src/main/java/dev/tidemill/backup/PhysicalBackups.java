package dev.tidemill.backup;

import dev.tidemill.postgres.PgBackRest;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/// Physical backups of the private cluster as pgBackRest makes and lists them, where it is the engine.
public final class PhysicalBackups {

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
    /// @param error whether pages with a wrong checksum were found while it was made
    public record Physical(
            String label,
            String type,
            Instant startedAt,
            Instant completedAt,
            long databaseBytes,
            long bytes,
            @Nullable String lsn,
            boolean error) {}

    /// Whether pgBackRest makes them.
    public boolean byPgBackRest() {
        return depot.engine() == BackupProperties.Engine.PGBACKREST;
    }

    private PgBackRest engine() {
        return depot.pgBackRest(premises.cluster(), premises.database().password());
    }

    /// Newest first; none where it is not the engine.
    public List<Physical> list() {
        return byPgBackRest() ? read(engine().info()) : List.of();
    }

    static List<Physical> read(String info) {
        List<Physical> all = new ArrayList<>();
        for (JsonNode stanza : JsonMapper.shared().readTree(info)) {
            for (JsonNode backup : stanza.path("backup")) {
                all.add(
                        0,
                        new Physical(
                                backup.path("label").asString(""),
                                backup.path("type").asString(""),
                                Instant.ofEpochSecond(
                                        backup.path("timestamp").path("start").asLong()),
                                Instant.ofEpochSecond(
                                        backup.path("timestamp").path("stop").asLong()),
                                backup.path("info").path("size").asLong(),
                                backup.path("info")
                                        .path("repository")
                                        .path("delta")
                                        .asLong(),
                                backup.path("lsn").path("start").asString(null),
                                backup.path("error").asBoolean(false)));
            }
        }
        return all;
    }

    /// Makes one, the server's log included from before it.
    ///
    /// @return what there is then, newest first
    List<Physical> make(String type) {
        PgBackRest engine = engine();
        LiveDatabase database = premises.database();
        engine.begin(database.url(), String.valueOf(database.username()), String.valueOf(database.password()));
        engine.backup(database.url(), type);
        return read(engine.info());
    }

    String verify() {
        return engine().verify();
    }
}
