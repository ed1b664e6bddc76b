package dev.tidemill.backup;

import java.io.IOException;
import java.nio.file.FileStore;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// Looks, before anything is touched, whether a backup can become a database of this server.
final class Preflight {

    /// Loading, checking and btree indexes; measured on two cores, the text index included.
    private static final double BYTES_A_SECOND = 20e6;

    /// Building an HNSW index, measured with 384 dimensions on two cores.
    private static final double VECTORS_A_SECOND = 3_500;

    private Preflight() {}

    /// What was looked at.
    ///
    /// @param well null where it cannot be told
    record Check(String name, @Nullable Boolean well, String detail) {}

    /// All checks, and how long it will take.
    record Report(List<Check> checks, Duration time) {

        List<String> obstacles() {
            return checks.stream()
                    .filter(check -> Boolean.FALSE.equals(check.well()))
                    .map(Check::detail)
                    .toList();
        }
    }

    static Report of(Manifest manifest, LiveDatabase live, Draft draft) throws SQLException {
        List<Check> checks = new ArrayList<>();
        checks.add(new Check("key", true, "the data key opens, the manifest is what was written"));
        if (!manifest.scope().schema()) {
            checks.add(new Check(
                    "scope",
                    false,
                    manifest.scope() == Manifest.Scope.CLUSTER
                            ? "backup " + manifest.id() + " holds the files of a cluster: ./tidemill restore recover"
                            : "backup " + manifest.id()
                                    + " holds data alone: load it by hand into a database of the same"
                                    + " schema level (docs/backups.md), or restore a full one"));
        }
        try (Connection connection = live.connect("tidemill restore")) {
            version(manifest, connection, checks);
            extensions(manifest, connection, checks);
            rights(manifest, connection, checks);
            space(manifest, connection, checks);
        }
        try {
            draft.requireFree();
            checks.add(new Check("database", true, draft.name() + " is free"));
        } catch (IllegalStateException taken) {
            checks.add(new Check("database", false, String.valueOf(taken.getMessage())));
        }
        return new Report(checks, time(manifest));
    }

    static Duration time(Manifest manifest) {
        double vectors = manifest.tables().stream()
                .filter(table -> table.name().matches("public\\.vectors_[0-9]+"))
                .mapToLong(Manifest.Table::rows)
                .filter(rows -> rows >= 20_000)
                .sum();
        return Duration.ofSeconds((long) Math.ceil(manifest.rawBytes() / BYTES_A_SECOND + vectors / VECTORS_A_SECOND));
    }

    private static void version(Manifest manifest, Connection connection, List<Check> checks) throws SQLException {
        int here = connection.getMetaData().getDatabaseMajorVersion();
        checks.add(new Check(
                "version",
                here >= manifest.serverMajor(),
                here >= manifest.serverMajor()
                        ? "PostgreSQL " + here + " takes what PostgreSQL " + manifest.serverMajor() + " wrote"
                        : "the backup is of PostgreSQL " + manifest.serverMajor() + ", and this server is " + here
                                + ": restore it on a newer one"));
    }

    private static void extensions(Manifest manifest, Connection connection, List<Check> checks) throws SQLException {
        for (Map.Entry<String, String> wanted : manifest.extensions().entrySet()) {
            String here = LiveDatabase.text(
                    connection, "SELECT default_version FROM pg_available_extensions WHERE name = ?", wanted.getKey());
            boolean well = here != null && compare(here, wanted.getValue()) >= 0;
            if (well && takesSuperuser(connection, wanted.getKey())) {
                // Not an obstacle: where others run the server, they may have given this right in their own way.
                checks.add(
                        new Check(
                                "extension " + wanted.getKey(),
                                null,
                                wanted.getKey() + " " + here
                                        + " is here; a new database gets it from a superuser alone, unless"
                                        + " this server says otherwise: if it is refused, restore with a superuser's DATABASE_URL"));
                continue;
            }
            checks.add(new Check(
                    "extension " + wanted.getKey(),
                    well,
                    well
                            ? wanted.getKey() + " " + here + " is here"
                            : "the backup needs the extension " + wanted.getKey() + " " + wanted.getValue()
                                    + ", and this server has " + (here == null ? "none" : here) + ": install it"));
        }
    }

    /// Whether this session is refused the making of an extension, going by what PostgreSQL itself says of it.
    private static boolean takesSuperuser(Connection connection, String extension) throws SQLException {
        return LiveDatabase.text(connection, """
                SELECT 1 FROM pg_available_extension_versions v WHERE v.name = ? AND v.superuser AND NOT v.trusted
                  AND NOT EXISTS (SELECT FROM pg_roles WHERE rolname = current_user AND rolsuper)
                LIMIT 1
                """, extension) != null;
    }

    /// Versions number by number.
    static int compare(String one, String other) {
        String[] left = one.split("\\D+", -1);
        String[] right = other.split("\\D+", -1);
        for (int i = 0; i < Math.max(left.length, right.length); i++) {
            int a = i < left.length && !left[i].isEmpty() ? Integer.parseInt(left[i]) : 0;
            int b = i < right.length && !right[i].isEmpty() ? Integer.parseInt(right[i]) : 0;
            if (a != b) {
                return Integer.compare(a, b);
            }
        }
        return 0;
    }

    private static void rights(Manifest manifest, Connection connection, List<Check> checks) throws SQLException {
        boolean may = LiveDatabase.text(
                        connection, "SELECT 1 FROM pg_roles WHERE rolname = current_user AND (rolsuper OR rolcreatedb)")
                != null;
        List<String> missing = new ArrayList<>();
        List<String> roles = new ArrayList<>(manifest.roles());
        roles.add(manifest.owner());
        for (String role : roles) {
            if (LiveDatabase.text(connection, "SELECT 1 FROM pg_roles WHERE rolname = ?", role) == null) {
                missing.add(role);
            }
        }
        boolean makes = missing.isEmpty()
                || LiveDatabase.text(
                                connection,
                                "SELECT 1 FROM pg_roles WHERE rolname = current_user AND (rolsuper OR rolcreaterole)")
                        != null;
        checks.add(new Check(
                "rights",
                may && makes,
                !may
                        ? "the user of DATABASE_URL may not create databases: ALTER ROLE … CREATEDB"
                        : makes
                                ? "databases and roles can be made"
                                : "the roles " + String.join(", ", missing)
                                        + " are missing and the user of DATABASE_URL may"
                                        + " not create roles: have them made"));
    }

    private static void space(Manifest manifest, Connection connection, List<Check> checks) throws SQLException {
        long needed = manifest.databaseBytes() + manifest.databaseBytes() / 5;
        String text = String.format(Locale.ROOT, "needs about %,d MB", needed >> 20);
        try {
            Path data = Path.of(String.valueOf(LiveDatabase.text(connection, "SHOW data_directory")));
            if (!Files.isDirectory(data)) {
                checks.add(new Check("space", null, text + "; the server's disk cannot be seen from here"));
                return;
            }
            FileStore store = Files.getFileStore(data);
            boolean well = store.getUsableSpace() > needed;
            checks.add(new Check(
                    "space",
                    well,
                    text
                            + String.format(
                                    Locale.ROOT, ", %,d MB are free on the server's disk", store.getUsableSpace() >> 20)
                            + (well ? "" : ": make room")));
        } catch (SQLException | IOException e) {
            checks.add(new Check("space", null, text + "; the server's disk cannot be seen from here"));
        }
    }
}
