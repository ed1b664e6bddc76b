package dev.tidemill.postgres;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// The real pgBackRest, where it is installed: backups of a private cluster, and the cluster as it was.
class PgBackRestTest {

    private Path root;

    @BeforeEach
    void make() throws IOException {
        assumeTrue(PgBackRest.installed(), "pgBackRest is installed");
        root = Files.createTempDirectory("tidemill-pgbackrest-");
        Files.setPosixFilePermissions(root, PosixFilePermissions.fromString("rwxr-xr-x"));
    }

    @AfterEach
    void remove() throws IOException {
        if (root == null) {
            return;
        }
        try (Stream<Path> tree = Files.walk(root)) {
            for (Path path : tree.sorted(Comparator.reverseOrder()).toList()) {
                Files.deleteIfExists(path);
            }
        }
    }

    private PgBackRest engine(PrivateCluster live, String passphrase, String key) {
        return PgBackRest.of(
                root.resolve("live"),
                new PgBackRestRepository.Folder(root.resolve("repository")),
                2,
                live.password(),
                new PgBackRest.Cipher(passphrase, key));
    }

    private static String ask(PrivateCluster cluster, String sql) throws SQLException {
        try (Connection connection = DriverManager.getConnection(
                        cluster.jdbcUrl("tidemill"), cluster.username(), cluster.password());
                Statement statement = connection.createStatement()) {
            if (!statement.execute(sql)) {
                return "";
            }
            try (ResultSet row = statement.getResultSet()) {
                row.next();
                return String.valueOf(row.getString(1));
            }
        }
    }

    @Test
    void whatAWrongKeyMadeOfAFileIsToldHoweverLongItIs() {
        String garbage = "\u4e00 \\\" ".repeat(50_000);

        assertThat(PgBackRest.trouble("[{\"status\":{\"code\":99,\"message\":\"" + garbage + "\"}}]"))
                .contains(garbage);
        assertThat(PgBackRest.trouble("[{\"status\":{\"code\":0,\"message\":\"ok\"}}]"))
                .isEmpty();
    }

    @Test
    void aClusterIsBackedUpListedVerifiedAndRestoredToAMoment() throws Exception {
        try (PrivateCluster live = PrivateCluster.start(root.resolve("live"))) {
            live.createDatabase("tidemill");
            String url = live.jdbcUrl("tidemill");
            PgBackRest engine = engine(live, "a secret", "key one");
            ask(live, "CREATE TABLE precious AS SELECT generate_series(1, 100) AS id");

            engine.begin(url, live.username(), live.password());
            engine.backup(url, "full");
            ask(live, "INSERT INTO precious SELECT generate_series(101, 200)");
            engine.backup(url, "incr");
            String before = ask(
                    live, "SELECT to_char(clock_timestamp() AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"')");
            ask(live, "DROP TABLE precious");
            ask(live, "SELECT pg_switch_wal()");

            assertThat(engine.info())
                    .contains("\"type\":\"full\"")
                    .contains("\"type\":\"incr\"")
                    .contains("\"message\":\"ok\"")
                    .contains("aes-256-cbc");
            assertThat(engine.verify()).doesNotContain("invalid: 1");

            assertThat(engine.log())
                    .contains(ask(live, "SELECT last_archived_wal FROM pg_stat_archiver")
                            .substring(0, 24))
                    .filteredOn(name -> name.matches("[0-9A-F]{24}"))
                    .hasSizeGreaterThan(1);

            Path then = root.resolve("then");
            engine.restore(then, live.password(), "latest", Recovery.Point.TIME, before);
            try (PrivateCluster copy = PrivateCluster.start(then)) {
                Await.until(
                        "the end of the recovery",
                        () -> ask(copy, "SELECT pg_is_in_recovery()").equals("f"));
                assertThat(ask(copy, "SELECT count(*) FROM precious")).isEqualTo("200");
                assertThat(ask(copy, "SHOW archive_mode")).isEqualTo("off");
            }
            assertThat(ask(live, "SELECT to_regclass('precious') IS NULL")).isEqualTo("t");
            assertThatThrownBy(() -> engine.restore(then, "x", "latest", Recovery.Point.END, ""))
                    .isInstanceOf(DatabaseUnavailable.class)
                    .hasMessageContaining("not empty");
            assertThatThrownBy(() -> engine(live, "another secret", "key two").info())
                    .isInstanceOf(DatabaseUnavailable.class)
                    .hasMessageContaining("does not open with the key two")
                    .hasMessageContaining("backup.older-key-files")
                    .hasMessageNotContaining("another secret");
            for (Path secret :
                    List.of(root.resolve("live/pgbackrest/pgbackrest.conf"), root.resolve("live/pgbackrest/pgpass"))) {
                assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(secret)))
                        .isEqualTo("rw-------");
            }
        }
    }
}
