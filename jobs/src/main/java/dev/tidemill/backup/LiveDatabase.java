package dev.tidemill.backup;

import dev.tidemill.postgres.DatabaseUrl;
import dev.tidemill.postgres.Programs;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.HashMap;
import java.util.Map;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;
import org.postgresql.ds.PGSimpleDataSource;

/// The database that is backed up, as its owner reaches it, and other databases of the same server.
///
/// @param url for the JDBC driver, without user and password
/// @param mark what the application names of its sessions end with, so that others can end them once this process is
///     dead; empty for none
public record LiveDatabase(
        String url, @Nullable String username, @Nullable String password, String mark) {

    /// Without a mark: for a process that works on no run.
    public LiveDatabase(String url, @Nullable String username, @Nullable String password) {
        this(url, username, password, "");
    }

    /// For sessions that see every row: a superuser, else the role that passes row-level security. With row_security
    /// off a row that would be hidden is an error instead of a gap.
    private static final String SEE_ALL = """
            DO $$ BEGIN
              IF NOT (SELECT rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = current_user) THEN
                SET ROLE tidemill_backup;
              END IF;
            END $$;
            SET row_security = off; SET statement_timeout = 0; SET idle_in_transaction_session_timeout = 0;
            SET lock_timeout = '30s'; SET datestyle = ISO; SET intervalstyle = postgres; SET extra_float_digits = 1""";

    private DatabaseUrl parsed() {
        return DatabaseUrl.parse(url);
    }

    String name() {
        return parsed().database();
    }

    /// Another database of the same server, in the same role.
    LiveDatabase named(String database) {
        DatabaseUrl parsed = parsed();
        return new LiveDatabase(
                new DatabaseUrl(parsed.hosts(), database, null, null, parsed.options()).jdbcUrl(),
                username,
                password,
                mark);
    }

    /// For sessions that are to outlive this process.
    LiveDatabase unmarked() {
        return new LiveDatabase(url, username, password);
    }

    /// Unpooled.
    ///
    /// @param application shown by the server, with the mark
    /// @param options of the session, as `-c name=value`
    DataSource source(String application, String options) {
        PGSimpleDataSource source = new PGSimpleDataSource();
        source.setUrl(url);
        source.setUser(username);
        source.setPassword(password);
        source.setApplicationName(mark.isEmpty() ? application : application + " " + mark);
        source.setConnectTimeout(10);
        source.setTcpKeepAlive(true);
        if (!options.isEmpty()) {
            source.setOptions(options);
        }
        return source;
    }

    Connection connect(String application) throws SQLException {
        return source(application, "").getConnection();
    }

    /// A session that sees every row.
    Connection connectSeeingAll(String application) throws SQLException {
        Connection connection = connect(application);
        try (Statement statement = connection.createStatement()) {
            statement.execute(SEE_ALL);
            return connection;
        } catch (SQLException e) {
            connection.close();
            throw e;
        }
    }

    /// What the programs of libpq need to know, password included: for the environment of a child process only.
    Map<String, String> environment() {
        DatabaseUrl parsed = parsed();
        Map<String, String> environment = new HashMap<>();
        StringBuilder hosts = new StringBuilder();
        StringBuilder ports = new StringBuilder();
        for (String host : parsed.hosts().split(",", -1)) {
            int colon = host.lastIndexOf(':');
            hosts.append(hosts.isEmpty() ? "" : ",")
                    .append(host.substring(0, colon).replaceAll("[\\[\\]]", ""));
            ports.append(ports.isEmpty() ? "" : ",").append(host.substring(colon + 1));
        }
        environment.put("PGHOST", hosts.toString());
        environment.put("PGPORT", ports.toString());
        environment.put("PGDATABASE", parsed.database());
        if (username != null) {
            environment.put("PGUSER", username);
        }
        if (password != null) {
            environment.put("PGPASSWORD", password);
        }
        for (String option : new String[] {"sslmode", "sslrootcert", "sslcert", "sslkey"}) {
            String value = parsed.options().get(option);
            if (value != null) {
                environment.put("PG" + option.toUpperCase(java.util.Locale.ROOT), value);
            }
        }
        return environment;
    }

    Programs programs() throws SQLException {
        try (Connection connection = connect("tidemill backup")) {
            return Programs.forServer(connection.getMetaData().getDatabaseMajorVersion(), System.getenv());
        }
    }

    /// The first column of the first row as text, null for none.
    static @Nullable String text(Connection connection, String sql, String... values) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(sql)) {
            for (int i = 0; i < values.length; i++) {
                statement.setString(i + 1, values[i]);
            }
            try (ResultSet rows = statement.executeQuery()) {
                return rows.next() ? rows.getString(1) : null;
            }
        }
    }

    static long number(Connection connection, String sql, String... values) throws SQLException {
        String text = text(connection, sql, values);
        return text == null ? 0 : Long.parseLong(text);
    }

    static void execute(Connection connection, String sql) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute(sql);
        }
    }

    /// Without the password.
    @Override
    public String toString() {
        return parsed().toString();
    }
}
