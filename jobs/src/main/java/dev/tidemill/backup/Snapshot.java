package dev.tidemill.backup;

import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// An exported snapshot of the database and the session that keeps it. The session outlives a process that is
/// killed by up to [#HELD], so that another one can go on with the same snapshot.
final class Snapshot implements AutoCloseable {

    /// A sleeping session does not notice that its client is gone, which is what keeps the snapshot. Much longer
    /// would keep vacuum from its work after a backup that nobody resumes.
    static final Duration HELD = Duration.ofMinutes(10);

    private static final Logger log = LoggerFactory.getLogger(Snapshot.class);

    private final LiveDatabase database;
    private final String backup;
    private final Connection connection;
    private final String name;
    private final Sessions readers;
    private volatile @Nullable Statement sleep;
    private @Nullable Connection locks;
    private volatile boolean closed;

    private Snapshot(LiveDatabase database, String backup, Connection connection, String name) {
        this.database = database;
        this.backup = backup;
        this.connection = connection;
        this.name = name;
        this.readers = new Sessions(this::reader);
    }

    /// The application name of the session that keeps the snapshot of a backup.
    private static String keeper(String backup) {
        return "tidemill keeps " + backup;
    }

    /// Takes a new snapshot, ending any session that still keeps an older one of this backup.
    static Snapshot take(LiveDatabase database, String backup) throws SQLException {
        return open(database, backup, null);
    }

    /// Goes on with a snapshot, if somebody still keeps it.
    static Optional<Snapshot> adopt(LiveDatabase database, String backup, String name) throws SQLException {
        try {
            return Optional.of(open(database, backup, name));
        } catch (SQLException e) {
            // What servers say of a snapshot that is gone: invalid parameter value, undefined object, not in the
            // prerequisite state.
            if (List.of("22023", "42704", "55000").contains(String.valueOf(e.getSQLState()))) {
                return Optional.empty();
            }
            throw e;
        }
    }

    private static Snapshot open(LiveDatabase database, String backup, @Nullable String from) throws SQLException {
        Connection connection = database.unmarked().connectSeeingAll(keeper(backup));
        try {
            LiveDatabase.execute(connection, """
                    DO $$ BEGIN
                      PERFORM set_config('client_connection_check_interval', '0', false);
                    EXCEPTION WHEN undefined_object THEN NULL;
                    END $$""");
            begin(connection, from);
            String name = String.valueOf(LiveDatabase.text(connection, "SELECT pg_export_snapshot()"));
            endOthers(database, backup, LiveDatabase.number(connection, "SELECT pg_backend_pid()"));
            return new Snapshot(database, backup, connection, name);
        } catch (SQLException e) {
            connection.close();
            throw e;
        }
    }

    /// Ends every session that keeps a snapshot of a backup: also that of a process that was killed when all parts
    /// were written, with whose snapshot nobody has to go on.
    static void endAll(LiveDatabase database, String backup) throws SQLException {
        endOthers(database, backup, 0);
    }

    /// Sessions that kept a snapshot of this backup before.
    private static void endOthers(LiveDatabase database, String backup, long own) throws SQLException {
        try (Connection connection = database.connect("tidemill backup")) {
            LiveDatabase.number(connection, """
                    SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
                    WHERE datname = current_database() AND application_name = ? AND pid <> CAST(? AS integer)
                    """, keeper(backup), Long.toString(own));
        }
    }

    private static void begin(Connection connection, @Nullable String snapshot) throws SQLException {
        connection.setAutoCommit(false);
        LiveDatabase.execute(connection, "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY");
        if (snapshot != null) {
            LiveDatabase.execute(connection, "SET TRANSACTION SNAPSHOT '" + checked(snapshot) + "'");
        }
    }

    /// A name goes into SQL as it is.
    private static String checked(String snapshot) {
        if (!snapshot.matches("[0-9A-Fa-f-]{1,64}")) {
            throw new IllegalArgumentException("\"" + snapshot + "\" is no name of a snapshot");
        }
        return snapshot;
    }

    String name() {
        return name;
    }

    /// Keeps the tables from being dropped, truncated and rewritten while this process reads them. The locks are
    /// those of a session of its own, which ends with the process: a killed backup must not stand in the way of a
    /// change of the schema.
    ///
    /// @return a hash that is another one after any of the tables was truncated or rewritten; empty where one is
    ///     gone
    String lock(List<String> tables) throws SQLException {
        Connection session = database.connectSeeingAll("tidemill locks for " + backup);
        locks = session;
        session.setAutoCommit(false);
        if (tables.isEmpty()) {
            return "";
        }
        try {
            LiveDatabase.execute(
                    session, "LOCK TABLE ONLY " + String.join(", ONLY ", tables) + " IN ACCESS SHARE MODE");
        } catch (SQLException e) {
            if ("42P01".equals(e.getSQLState())) {
                return "";
            }
            throw e;
        }
        String names = String.join(
                ",",
                tables.stream()
                        .map(table -> "'" + table.replace("'", "''") + "'::regclass")
                        .toList());
        return String.valueOf(LiveDatabase.text(
                session,
                "SELECT md5(string_agg(oid || ':' || relfilenode, ',' ORDER BY oid)) FROM pg_class WHERE oid IN ("
                        + names + ")"));
    }

    /// From now on the server itself keeps it.
    void keep() {
        Thread.ofVirtual().name("keeps " + backup).start(() -> {
            try (Statement statement = connection.createStatement()) {
                sleep = statement;
                while (!closed) {
                    statement.execute("SELECT pg_sleep(" + HELD.toSeconds() + ")");
                }
                connection.close();
            } catch (SQLException e) {
                if (!closed) {
                    // Parts read from now on say that the snapshot is gone; the run is resumed with a new one.
                    log.warn("the snapshot of backup {} was lost: {}", backup, e.getMessage());
                }
            }
        });
    }

    /// Reads the database as the snapshot shows it.
    <T> T read(Sessions.Work<T> work) throws Exception {
        return readers.with(work);
    }

    private Connection reader() throws SQLException {
        Connection reader = database.connectSeeingAll("tidemill reads " + backup);
        try {
            begin(reader, name);
            return reader;
        } catch (SQLException e) {
            reader.close();
            throw e;
        }
    }

    /// Lets it go when the time is up that it is held for anyway: somebody may go on with it until then.
    void leave() {
        closed = true;
        readers.close();
        unlock();
    }

    @Override
    public void close() {
        closed = true;
        readers.close();
        unlock();
        try {
            Statement sleeping = sleep;
            if (sleeping != null) {
                sleeping.cancel();
            }
            connection.close();
        } catch (SQLException e) {
            log.warn("the session that keeps the snapshot of backup {} could not be ended: {}", backup, e.getMessage());
        }
    }

    private void unlock() {
        Connection session = locks;
        locks = null;
        if (session != null) {
            try {
                session.close();
            } catch (SQLException e) {
                log.warn("the locks of backup {} could not be given back: {}", backup, e.getMessage());
            }
        }
    }
}
