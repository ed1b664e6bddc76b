package dev.tidemill.postgres;

import dev.tidemill.schema.Schema;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.concurrent.atomic.AtomicInteger;
import javax.sql.DataSource;
import org.postgresql.ds.PGSimpleDataSource;

/// A database for one test class, on a cluster that all tests of this JVM share. The cluster's watchdog
/// stops it and removes its folder when the JVM ends, however it ends.
public final class TestDatabase implements AutoCloseable {

    private static final String TEMPLATE = "tidemill_template";
    private static final String PLATFORM = "platform_template";
    private static final AtomicInteger NUMBER = new AtomicInteger();

    private final String name;

    private TestDatabase(String name) {
        this.name = name;
    }

    /// A database with the whole schema, copied from a template.
    public static TestDatabase create() {
        Shared.requireTemplate();
        return make(" TEMPLATE " + TEMPLATE);
    }

    /// A database with the platform's tables alone, copied from a template.
    public static TestDatabase createPlatform() {
        Shared.requirePlatform();
        return make(" TEMPLATE " + PLATFORM);
    }

    /// A database like this one, to which nobody may be connected meanwhile.
    public TestDatabase copy() {
        return make(" TEMPLATE " + name);
    }

    /// A database without any table.
    public static TestDatabase createEmpty() {
        return make("");
    }

    private static TestDatabase make(String options) {
        String name = "test_" + NUMBER.incrementAndGet();
        execute("CREATE DATABASE " + name + options);
        return new TestDatabase(name);
    }

    /// Unpooled connections of the owner.
    public DataSource dataSource() {
        return source(name);
    }

    public String name() {
        return name;
    }

    public String jdbcUrl() {
        return Shared.CLUSTER.jdbcUrl(name);
    }

    public String username() {
        return Shared.CLUSTER.username();
    }

    public String password() {
        return Shared.CLUSTER.password();
    }

    public Path binDirectory() {
        return Shared.CLUSTER.binDirectory();
    }

    /// Drops the database, ending its connections.
    @Override
    public void close() {
        execute("DROP DATABASE IF EXISTS " + name + " WITH (FORCE)");
    }

    private static PGSimpleDataSource source(String database) {
        var source = new PGSimpleDataSource();
        source.setUrl(Shared.CLUSTER.jdbcUrl(database));
        source.setUser(Shared.CLUSTER.username());
        source.setPassword(Shared.CLUSTER.password());
        return source;
    }

    private static void execute(String sql) {
        try (Connection connection = source("postgres").getConnection();
                Statement statement = connection.createStatement()) {
            statement.execute(sql);
        } catch (SQLException failed) {
            throw new IllegalStateException("Cannot run: " + sql, failed);
        }
    }

    /// Started by the first test that needs it.
    private static final class Shared {

        static final PrivateCluster CLUSTER = PrivateCluster.startThrowaway();
        private static boolean migrated;
        private static boolean platformMigrated;

        static synchronized void requirePlatform() {
            if (!platformMigrated) {
                CLUSTER.createDatabase(PLATFORM);
                Schema.applyPlatform(source(PLATFORM));
                platformMigrated = true;
            }
        }

        static synchronized void requireTemplate() {
            if (!migrated) {
                CLUSTER.createDatabase(TEMPLATE);
                Schema.apply(source(TEMPLATE));
                migrated = true;
            }
        }
    }
}
