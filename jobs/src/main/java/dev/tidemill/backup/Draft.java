package dev.tidemill.backup;

import dev.tidemill.backup.PostData.Later;
import dev.tidemill.run.InvalidParameter;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.sql.Statement;
import java.sql.Timestamp;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.postgresql.core.NativeQuery;
import org.postgresql.core.Parser;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// A database that a backup is being loaded into. It bears another name until it is whole, and says in its comment
/// and in a schema of its own what was done already, in the transactions that did it.
final class Draft {

    /// Holds the notes on what was done; dropped when the database is whole.
    static final String NOTES = "tidemill_restore";

    private static final Logger log = LoggerFactory.getLogger(Draft.class);
    private static final String SUFFIX = "_restoring";
    private static final String COMMENT = "made by tidemill out of backup ";
    private static final Pattern NAME = Pattern.compile("[a-z_][a-z0-9_]{0,47}");

    private final LiveDatabase live;
    private final String name;

    Draft(LiveDatabase live, String name) {
        this.live = live;
        this.name = name;
    }

    /// @throws InvalidParameter when it cannot be the name of a new database
    static String checkedName(LiveDatabase live, String name) {
        if (!NAME.matcher(name).matches()) {
            throw new InvalidParameter(
                    "database",
                    "database is \"" + name
                            + "\": use a new name of lower-case letters, digits and underscores, at most 48");
        }
        if (name.equals(live.name())
                || name.equals("postgres")
                || name.startsWith("template")
                || name.endsWith(SUFFIX)) {
            throw new InvalidParameter(
                    "database",
                    "database is \"" + name + "\": a restore never writes over the live database or one of the server's"
                            + " own. Name a new one, look at it, then promote it");
        }
        return name;
    }

    String name() {
        return name;
    }

    String draftName() {
        return name + SUFFIX;
    }

    LiveDatabase database() {
        return live.named(draftName());
    }

    static String comment(String backup, String run) {
        return COMMENT + backup + " by " + run;
    }

    /// The comment of a database, null when there is none of the name.
    private static @Nullable String commentOf(Connection connection, String database) throws SQLException {
        return LiveDatabase.text(
                connection,
                "SELECT coalesce(shobj_description(oid, 'pg_database'), '') FROM pg_database WHERE datname = ?",
                database);
    }

    /// @throws IllegalStateException when a database is in the way that is not ours to remove
    void requireFree() throws SQLException {
        try (Connection connection = live.connect("tidemill restore")) {
            if (commentOf(connection, name) != null) {
                throw new IllegalStateException("there is a database " + name
                        + " already, and a restore never writes over one: name another, or drop it yourself");
            }
            String draft = commentOf(connection, draftName());
            if (draft != null && !draft.startsWith(COMMENT) && !(draft.isEmpty() && holdsNothing())) {
                throw new IllegalStateException(
                        "there is a database " + draftName() + " that no restore made: rename it, or name another");
            }
        }
    }

    /// As a process leaves it that is killed before it could say whose database it made.
    private boolean holdsNothing() throws SQLException {
        try (Connection connection = database().connect("tidemill restore")) {
            return LiveDatabase.number(connection, """
                            SELECT count(*) FROM pg_class WHERE relnamespace NOT IN
                            ('pg_catalog'::regnamespace, 'information_schema'::regnamespace, 'pg_toast'::regnamespace)
                            """) == 0;
        }
    }

    /// Makes the database, or leaves the one that an earlier try of the same run made; one of another run is removed.
    void create(String comment) throws SQLException {
        try (Connection connection = live.connect("tidemill restore")) {
            String there = commentOf(connection, draftName());
            if (comment.equals(there)) {
                return;
            }
            if (there != null) {
                drop(connection, draftName());
            }
            LiveDatabase.execute(connection, String.valueOf(LiveDatabase.text(connection, """
                    SELECT format('CREATE DATABASE %I TEMPLATE template0 ENCODING %L LC_COLLATE %L LC_CTYPE %L',
                                  ?, pg_encoding_to_char(encoding), datcollate, datctype)
                    FROM pg_database WHERE datname = current_database()
                    """, draftName())));
            LiveDatabase.execute(
                    connection, "COMMENT ON DATABASE " + draftName() + " IS " + quoted(connection, comment));
        }
    }

    private static String quoted(Connection connection, String text) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            return statement.enquoteLiteral(text);
        }
    }

    private static void drop(Connection connection, String database) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute(
                    "DROP DATABASE IF EXISTS " + statement.enquoteIdentifier(database, true) + " WITH (FORCE)");
        }
    }

    /// Removes it under both names; only what a restore made.
    void discard() throws SQLException {
        try (Connection connection = live.connect("tidemill restore")) {
            for (String each : List.of(draftName(), name)) {
                String comment = commentOf(connection, each);
                if (comment != null && comment.startsWith(COMMENT)) {
                    drop(connection, each);
                }
            }
        }
    }

    /// Databases that restores made or are making, with their comments.
    static List<String> made(LiveDatabase live) throws SQLException {
        try (Connection connection = live.connect("tidemill restore")) {
            return BackupJob.column(connection, """
                    SELECT datname || E'\\t' || shobj_description(oid, 'pg_database') FROM pg_database
                    WHERE shobj_description(oid, 'pg_database') LIKE 'made by tidemill out of backup %' ORDER BY 1
                    """);
        }
    }

    boolean hasSchema() throws SQLException {
        try (Connection connection = database().connect("tidemill restore")) {
            return LiveDatabase.text(connection, "SELECT to_regclass('" + NOTES + ".loaded')::text") != null;
        }
    }

    /// All that comes before the data, in one transaction with the tables of the notes.
    ///
    /// @param begun when the restore began, from which its times are counted
    void prepare(List<String> roles, String owner, String preData, Instant begun) throws SQLException {
        try (Connection connection = database().connect("tidemill restore")) {
            connection.setAutoCommit(false);
            for (String role : roles) {
                createRole(connection, role);
            }
            createRole(connection, owner);
            LiveDatabase.execute(connection, """
                    CREATE SCHEMA tidemill_restore;
                    CREATE TABLE tidemill_restore.loaded (part text PRIMARY KEY, rows bigint NOT NULL);
                    CREATE TABLE tidemill_restore.done (number integer PRIMARY KEY, millis bigint NOT NULL);
                    CREATE TABLE tidemill_restore.moments (name text PRIMARY KEY, at timestamptz NOT NULL DEFAULT clock_timestamp());
                    """);
            try (PreparedStatement moment =
                    connection.prepareStatement("INSERT INTO tidemill_restore.moments VALUES ('begun', ?)")) {
                moment.setTimestamp(1, Timestamp.from(begun));
                moment.executeUpdate();
            }
            for (String sql : split(preData)) {
                run(connection, sql);
            }
            connection.commit();
        }
    }

    private static void run(Connection connection, String sql) throws SQLException {
        try {
            LiveDatabase.execute(connection, sql);
        } catch (SQLException e) {
            SQLException told = new SQLException(
                    "a statement of the backup's schema failed: " + e.getMessage() + "; it began: "
                            + sql.strip().lines().findFirst().orElse(""),
                    e.getSQLState());
            told.addSuppressed(e);
            throw told;
        }
    }

    /// Roles belong to the server, not to the database: none can log in.
    private static void createRole(Connection connection, String role) throws SQLException {
        if (LiveDatabase.text(connection, "SELECT 1 FROM pg_roles WHERE rolname = ?", role) == null) {
            LiveDatabase.execute(
                    connection,
                    String.valueOf(LiveDatabase.text(
                            connection,
                            "SELECT format('CREATE ROLE %1$I NOLOGIN; GRANT %1$I TO CURRENT_USER', ?)",
                            role)));
            if (role.equals("tidemill_backup")
                    && LiveDatabase.text(connection, "SELECT 1 FROM pg_roles WHERE rolname = current_user AND rolsuper")
                            != null) {
                LiveDatabase.execute(connection, "ALTER ROLE tidemill_backup BYPASSRLS");
            }
        }
    }

    /// Single statements; the driver's own splitting knows quotes, dollar quotes and comments.
    static List<String> split(String script) throws SQLException {
        List<String> statements = new ArrayList<>();
        for (NativeQuery query : Parser.parseJdbcSql(script, true, false, true, false, false)) {
            String sql = query.nativeSql.strip();
            if (!sql.isEmpty()) {
                statements.add(sql);
            }
        }
        return statements;
    }

    Set<String> loaded() throws SQLException {
        try (Connection connection = database().connect("tidemill restore")) {
            return new HashSet<>(BackupJob.column(connection, "SELECT part FROM tidemill_restore.loaded"));
        }
    }

    Set<Integer> done() throws SQLException {
        try (Connection connection = database().connect("tidemill restore")) {
            return BackupJob.column(connection, "SELECT number::text FROM tidemill_restore.done").stream()
                    .map(Integer::valueOf)
                    .collect(Collectors.toSet());
        }
    }

    /// Connections to it, each piece of work in a transaction of its own.
    ///
    /// @param permitted throws when this process may not work on it any more; asked when a connection is there, as
    ///     whoever goes on with the run ends those that are there then
    Sessions sessions(Runnable permitted) {
        return new Sessions(() -> {
            Connection connection = database().connect("tidemill restore");
            try {
                permitted.run();
                connection.setAutoCommit(false);
                return connection;
            } catch (RuntimeException | SQLException e) {
                connection.close();
                throw e;
            }
        });
    }

    /// Does statements and notes them in the same transaction. What a crash of the server takes away it takes away with
    /// its note, so nothing here waits for the disk; giving the database its name does.
    static void run(Connection connection, List<Later> statements, long megabytes) throws SQLException {
        int workers = Math.max(1, Runtime.getRuntime().availableProcessors() - 1);
        LiveDatabase.execute(
                connection,
                "SET LOCAL statement_timeout = 0; SET LOCAL lock_timeout = 0; SET LOCAL synchronous_commit = off;"
                        + " SET LOCAL maintenance_work_mem = '" + megabytes
                        + "MB'; SET LOCAL max_parallel_maintenance_workers = " + workers
                        + "; SET LOCAL search_path = ''; SET LOCAL check_function_bodies = false");
        try (PreparedStatement note =
                connection.prepareStatement("INSERT INTO tidemill_restore.done (number, millis) VALUES (?, ?)")) {
            for (Later later : statements) {
                long start = System.nanoTime();
                run(connection, later.sql());
                long millis = (System.nanoTime() - start) / 1_000_000;
                log.debug("{} ms: {}", millis, later.sql());
                note.setInt(1, later.number());
                note.setLong(2, millis);
                note.addBatch();
            }
            note.executeBatch();
        }
        connection.commit();
    }

    void moment(String what) throws SQLException {
        try (Connection connection = database().connect("tidemill restore");
                PreparedStatement statement = connection.prepareStatement(
                        "INSERT INTO tidemill_restore.moments (name) VALUES (?) ON CONFLICT DO NOTHING")) {
            statement.setString(1, what);
            statement.executeUpdate();
        }
    }

    /// Seconds from the beginning until then, null when it has not come.
    @Nullable
    Double secondsUntil(String what) throws SQLException {
        try (Connection connection = database().connect("tidemill restore")) {
            String seconds = LiveDatabase.text(connection, """
                    SELECT extract(epoch FROM m.at - b.at)::text FROM tidemill_restore.moments m, tidemill_restore.moments b
                    WHERE m.name = ? AND b.name = 'begun'
                    """, what);
            return seconds == null ? null : Double.valueOf(seconds);
        }
    }

    /// Gives it its name, now that it is whole.
    void finish(String owner) throws SQLException {
        try (Connection connection = database().connect("tidemill restore")) {
            LiveDatabase.execute(connection, "DROP SCHEMA IF EXISTS " + NOTES + " CASCADE");
            if (LiveDatabase.text(
                            connection,
                            "SELECT 1 FROM pg_roles WHERE rolname = ? AND rolname <> current_user AND NOT rolsuper",
                            owner)
                    != null) {
                LiveDatabase.execute(
                        connection,
                        String.valueOf(LiveDatabase.text(
                                connection, "SELECT format('REASSIGN OWNED BY %I TO CURRENT_USER', ?)", owner)));
            }
        }
        try (Connection connection = live.connect("tidemill restore")) {
            if (commentOf(connection, draftName()) != null) {
                LiveDatabase.execute(connection, "ALTER DATABASE " + draftName() + " RENAME TO " + name);
            }
        }
    }

    boolean finished() throws SQLException {
        try (Connection connection = live.connect("tidemill restore")) {
            String comment = commentOf(connection, name);
            return comment != null && comment.startsWith(COMMENT) && commentOf(connection, draftName()) == null;
        }
    }
}
