package dev.tidemill.admin;

import dev.tidemill.postgres.DatabaseUnavailable;
import dev.tidemill.postgres.DatabaseUrl;
import dev.tidemill.postgres.PrivateCluster;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;
import org.postgresql.ds.PGSimpleDataSource;

/// The database of this installation: the one that `DATABASE_URL` names, or a private cluster in the data folder.
public final class Database implements AutoCloseable {

    private static final String NAME = "tidemill";

    private final String jdbcUrl;
    private final @Nullable String username;
    private final @Nullable String password;
    private final String described;
    private final @Nullable PrivateCluster cluster;
    private final Duration patience;

    private Database(
            String jdbcUrl,
            @Nullable String username,
            @Nullable String password,
            String described,
            @Nullable PrivateCluster cluster,
            Duration patience) {
        this.jdbcUrl = jdbcUrl;
        this.username = username;
        this.password = password;
        this.described = described;
        this.cluster = cluster;
        this.patience = patience;
    }

    /// Opens the database and checks that it answers, now.
    ///
    /// @param url as in `DATABASE_URL`, blank for the private cluster
    /// @throws DatabaseUnavailable with a message for the operator
    public static Database open(Home home, String url) {
        return open(home, url, Duration.ZERO);
    }

    /// As above, for a process that starts.
    ///
    /// @param patience for how long a server is asked again that is starting, or has no connection to give
    static Database open(Home home, String url, Duration patience) {
        if (url.isBlank()) {
            PrivateCluster cluster = PrivateCluster.start(home.postgres());
            cluster.createDatabase(NAME);
            return new Database(
                    cluster.jdbcUrl(NAME),
                    cluster.username(),
                    cluster.password(),
                    "private cluster in " + home.postgres(),
                    cluster,
                    patience);
        }
        DatabaseUrl parsed = parse(url);
        Database database =
                new Database(parsed.jdbcUrl(), parsed.username(), parsed.password(), parsed.toString(), null, patience);
        try (Connection connection = database.patientOwner().getConnection()) {
            if (!connection.isValid(10)) {
                throw new DatabaseUnavailable("DATABASE_URL " + parsed + " does not answer");
            }
            return database;
        } catch (SQLException e) {
            throw new DatabaseUnavailable(
                    "DATABASE_URL " + parsed + " cannot be reached (" + e.getMessage()
                            + "): check the address, or unset it to use a private database",
                    e);
        }
    }

    private static DatabaseUrl parse(String url) {
        try {
            return DatabaseUrl.parse(url);
        } catch (IllegalArgumentException e) {
            throw new DatabaseUnavailable("DATABASE_URL is wrong: " + e.getMessage(), e);
        }
    }

    /// Unpooled connections of the owner of the tables.
    public DataSource owner() {
        PGSimpleDataSource source = new PGSimpleDataSource();
        source.setUrl(jdbcUrl);
        source.setUser(username);
        source.setPassword(password);
        return source;
    }

    /// The same, for what a start has to do: asks again while the server has no connection to give.
    DataSource patientOwner() {
        return new PatientDataSource(owner(), patience, time -> TimeUnit.NANOSECONDS.sleep(time.toNanos()));
    }

    /// Whether it is in the private cluster of the data folder.
    boolean isPrivate() {
        return cluster != null;
    }

    public String jdbcUrl() {
        return jdbcUrl;
    }

    public @Nullable String username() {
        return username;
    }

    public @Nullable String password() {
        return password;
    }

    /// For people; without the password.
    @Override
    public String toString() {
        return described;
    }

    @Override
    public void close() {
        if (cluster != null) {
            cluster.close();
        }
    }
}
