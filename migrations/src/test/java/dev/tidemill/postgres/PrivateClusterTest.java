package dev.tidemill.postgres;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.Comparator;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class PrivateClusterTest {

    private static final Duration PATIENCE = Duration.ofSeconds(20);

    private Path folder = Path.of("");

    private static Path made = Path.of("");

    /// Making a cluster takes most of a start's time, so the tests work on copies of one.
    @BeforeAll
    static void makeCluster() throws IOException {
        made = Files.createTempDirectory("tidemill-cluster-test-");
        PrivateCluster.start(made).close();
    }

    @AfterAll
    static void removeCluster() throws IOException {
        remove(made);
    }

    // Not @TempDir, whose parents need not let the server's user in.
    @BeforeEach
    void copyCluster() throws IOException {
        folder = Files.createTempDirectory("tidemill-cluster-test-");
        Command.run(List.of("cp", "-a", made + "/.", folder.toString()));
        Files.delete(folder.resolve("port"));
    }

    @AfterEach
    void stopAndRemove() throws Exception {
        List<String> lines = postmaster();
        if (!lines.isEmpty()) {
            ProcessHandle.of(Long.parseLong(lines.getFirst().strip())).ifPresent(ProcessHandle::destroy);
            awaitStop();
        }
        remove(folder);
    }

    private static void remove(Path root) throws IOException {
        try (Stream<Path> tree = Files.walk(root)) {
            for (Path path : tree.sorted(Comparator.reverseOrder()).toList()) {
                Files.deleteIfExists(path);
            }
        }
    }

    @Test
    void dataPasswordAndPortAreKeptBetweenStarts() throws Exception {
        int port;
        String password;
        try (PrivateCluster cluster = PrivateCluster.start(folder)) {
            port = cluster.port();
            password = cluster.password();
            assertThat(cluster.owned()).isTrue();
            cluster.createDatabase("kept");
            cluster.createDatabase("kept");
            execute(cluster, "CREATE TABLE mark (n integer)");
        }
        assertThat(postmaster()).as("the server after close").isEmpty();

        try (PrivateCluster cluster = PrivateCluster.start(folder)) {
            assertThat(cluster.port()).isEqualTo(port);
            assertThat(cluster.password()).isEqualTo(password).hasSizeGreaterThanOrEqualTo(32);
            assertThat(query(cluster, "SELECT count(*) FROM mark")).isEqualTo("0");
        }
    }

    @Test
    void theServerIsDurableListensOnLoopbackOnlyAndAsksForThePassword() throws Exception {
        try (PrivateCluster cluster = PrivateCluster.start(folder)) {
            cluster.createDatabase("kept");
            assertThat(query(cluster, """
                    SELECT string_agg(name || '=' || setting, ' ' ORDER BY name) FROM pg_settings WHERE name IN ('fsync',
                      'synchronous_commit', 'full_page_writes', 'listen_addresses', 'unix_socket_directories', 'lock_timeout',
                      'idle_in_transaction_session_timeout', 'password_encryption', 'data_checksums', 'max_connections')
                    """))
                    .isEqualTo(
                            "data_checksums=on fsync=on full_page_writes=on idle_in_transaction_session_timeout=60000"
                                    + " listen_addresses=127.0.0.1 lock_timeout=10000 max_connections=100"
                                    + " password_encryption=scram-sha-256 synchronous_commit=on unix_socket_directories=");
            assertThatThrownBy(() -> DriverManager.getConnection(cluster.jdbcUrl("kept"), "tidemill", "guess"))
                    .isInstanceOf(SQLException.class)
                    .hasMessageContaining("password authentication failed");
            assertThat(query(cluster, "SELECT string_agg(DISTINCT auth_method, ' ') FROM pg_hba_file_rules"))
                    .isEqualTo("scram-sha-256");
            assertThat(Files.getPosixFilePermissions(folder.resolve("password")))
                    .isEqualTo(PosixFilePermissions.fromString("rw-------"));
            assertThat(Files.getPosixFilePermissions(folder.resolve("cluster")))
                    .isEqualTo(PosixFilePermissions.fromString("rwx------"));
            assertThat(Files.exists(folder.resolve("password.new"))).isFalse();
        }
    }

    @Test
    void aPortTakenMeanwhileIsReplacedByAFreeOne() throws Exception {
        int port;
        try (PrivateCluster cluster = PrivateCluster.start(folder)) {
            port = cluster.port();
        }
        try (ServerSocket squatter = new ServerSocket(port, 1, InetAddress.ofLiteral("127.0.0.1"));
                PrivateCluster cluster = PrivateCluster.start(folder)) {
            assertThat(cluster.port()).isNotEqualTo(squatter.getLocalPort());
        }
    }

    @Test
    void aServerThatIsKilledIsStartedAgainOnItsPortWithWhatWasCommitted() throws Exception {
        try (PrivateCluster cluster = PrivateCluster.start(folder)) {
            cluster.createDatabase("kept");
            execute(cluster, "CREATE TABLE mark (n integer)");
            String killed = postmaster().getFirst().strip();
            int port = cluster.port();

            ProcessHandle.of(Long.parseLong(killed)).orElseThrow().destroyForcibly();

            Await.until("the server answers again", PATIENCE, () -> answers(cluster));
            assertThat(cluster.port()).isEqualTo(port);
            assertThat(postmaster().getFirst().strip()).isNotEqualTo(killed);
            assertThat(query(cluster, "SELECT count(*) FROM mark")).isEqualTo("0");
        }
        assertThat(postmaster()).as("the server after close").isEmpty();
    }

    private static boolean answers(PrivateCluster cluster) {
        try {
            return !query(cluster, "SELECT to_regclass('mark') IS NOT NULL").isEmpty();
        } catch (SQLException notYet) {
            return false;
        }
    }

    @Test
    void theWatchdogStopsTheServerOfAKilledProcess() throws Exception {
        try (Owner owner = Owner.start(folder)) {
            assertThat(owner.owned).isTrue();
            owner.kill();
            awaitStop();
        }
    }

    @Test
    void aServerWhoseProcessWasKilledIsAdoptedAndLivesAsLongAsItsNewOwner() throws Exception {
        try (Owner first = Owner.start(folder)) {
            first.kill();
            try (PrivateCluster cluster = PrivateCluster.start(folder)) {
                // Either the dead process's server was taken over, or the watchdog was faster and a new one runs.
                String server = postmaster().getFirst();
                cluster.createDatabase("kept");
                assertThat(query(cluster, "SELECT 1 FROM pg_sleep(3)")).isEqualTo("1");
                assertThat(postmaster().getFirst()).isEqualTo(server);
            }
            assertThat(postmaster()).isEmpty();
        }
    }

    @Test
    void twoProcessesShareOneServerAndTheLastOneStopsIt() throws Exception {
        PrivateCluster mine = PrivateCluster.start(folder);
        try (Owner other = Owner.start(folder)) {
            assertThat(other.owned).isFalse();
            assertThat(other.port).isEqualTo(mine.port());
            String server = postmaster().getFirst();
            mine.close();
            assertThat(postmaster().getFirst()).isEqualTo(server);
            other.endInput();
            assertThat(other.process.waitFor()).isZero();
            assertThat(postmaster()).isEmpty();
        }
    }

    @Test
    void aServerWhoseWatchdogWasKilledTooGetsANewOne() throws Exception {
        try (Owner first = Owner.start(folder)) {
            long watchdog = Long.parseLong(
                    Files.readString(folder.resolve("watchdog")).strip().split("-", 2)[0]);
            ProcessHandle.of(watchdog).ifPresent(ProcessHandle::destroyForcibly);
            first.kill();
            try (Owner second = Owner.start(folder)) {
                assertThat(second.owned).isFalse();
                second.kill();
                awaitStop();
            }
        }
    }

    @Test
    void startingTwiceInOneProcessGivesOneServerThatTheSecondCloseStops() throws Exception {
        PrivateCluster first = PrivateCluster.start(folder);
        PrivateCluster second = PrivateCluster.start(folder);
        assertThat(second.owned()).isFalse();
        first.close();
        first.close();
        second.createDatabase("kept");
        second.close();
        assertThat(postmaster()).isEmpty();
    }

    @Test
    void aMissingPasswordFileIsReported() throws Exception {
        Files.delete(folder.resolve("password"));
        assertThatThrownBy(() -> PrivateCluster.start(folder))
                .isInstanceOf(DatabaseUnavailable.class)
                .hasMessageContaining(folder.resolve("password").toString())
                .hasMessageContaining("TIDEMILL_HOME");
    }

    @Test
    void aClusterOfAnotherMajorVersionIsReported() throws Exception {
        Files.writeString(folder.resolve("cluster/PG_VERSION"), "9\n");
        assertThatThrownBy(() -> PrivateCluster.start(folder))
                .isInstanceOf(DatabaseUnavailable.class)
                .hasMessageContaining("made by PostgreSQL 9");
    }

    @Test
    void aClusterWhoseMakingWasCutOffIsMadeAnew() throws Exception {
        Files.move(folder.resolve("cluster"), folder.resolve("cluster.new"));
        Files.delete(folder.resolve("cluster.new/global/pg_control"));
        try (PrivateCluster cluster = PrivateCluster.start(folder)) {
            assertThat(cluster.owned()).isTrue();
        }
    }

    @Test
    void aServerThatCannotStartIsReportedWithItsLog() throws Exception {
        Files.writeString(folder.resolve("cluster/postgresql.auto.conf"), "no_such_setting = 1\n");
        assertThatThrownBy(() -> PrivateCluster.start(folder))
                .isInstanceOf(DatabaseUnavailable.class)
                .hasMessageContaining("no_such_setting")
                .hasMessageContaining("server.log");
    }

    @Test
    void aFolderBehindALockedDoorIsReportedByTheDoorsName() throws Exception {
        if (!Account.runningAsRoot()) {
            return; // a plain user's own server goes wherever that user goes
        }
        Path door = Files.createDirectory(folder.resolve("door"));
        Files.setPosixFilePermissions(door, PosixFilePermissions.fromString("rwx------"));
        assertThatThrownBy(() -> PrivateCluster.start(door.resolve("data")))
                .isInstanceOf(DatabaseUnavailable.class)
                .hasMessageContaining("TIDEMILL_HOME")
                .hasMessageContaining(folder.toString());
    }

    @Test
    void aThrowawayClusterIsRemovedWithItsOwner() throws Exception {
        PrivateCluster cluster = PrivateCluster.startThrowaway();
        Path gone = cluster.dataDirectory();
        cluster.close();
        Await.until("the removal of " + gone, PATIENCE, () -> !Files.exists(gone));
    }

    private List<String> postmaster() throws IOException {
        Path file = folder.resolve("cluster/postmaster.pid");
        return Files.exists(file) ? Files.readAllLines(file) : List.of();
    }

    private void awaitStop() throws Exception {
        Await.until(
                "the stop of the server in " + folder,
                PATIENCE,
                () -> !Files.exists(folder.resolve("cluster/postmaster.pid")));
    }

    private static void execute(PrivateCluster cluster, String sql) throws SQLException {
        try (Connection connection = connect(cluster);
                Statement statement = connection.createStatement()) {
            statement.execute(sql);
        }
    }

    private static String query(PrivateCluster cluster, String sql) throws SQLException {
        try (Connection connection = connect(cluster);
                Statement statement = connection.createStatement();
                ResultSet rows = statement.executeQuery(sql)) {
            rows.next();
            return String.valueOf(rows.getString(1));
        }
    }

    private static Connection connect(PrivateCluster cluster) throws SQLException {
        return DriverManager.getConnection(cluster.jdbcUrl("kept"), cluster.username(), cluster.password());
    }

    /// Another JVM that owns the cluster.
    private static final class Owner implements AutoCloseable {

        final Process process;
        final int port;
        final boolean owned;

        private Owner(Process process, String line) {
            this.process = process;
            this.port = Integer.parseInt(line.split(" ", 2)[0]);
            this.owned = line.endsWith("true");
        }

        static Owner start(Path folder) throws IOException {
            Process process = new ProcessBuilder(
                            ProcessHandle.current().info().command().orElseThrow(),
                            "-Xmx64m",
                            "-XX:TieredStopAtLevel=1",
                            "-cp",
                            System.getProperty("java.class.path"),
                            ClusterOwner.class.getName(),
                            folder.toString())
                    .redirectError(ProcessBuilder.Redirect.INHERIT)
                    .start();
            var output = new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8));
            return new Owner(process, Objects.requireNonNull(output.readLine(), "the process ended without starting"));
        }

        void kill() throws InterruptedException {
            process.destroyForcibly();
            process.waitFor();
        }

        void endInput() throws IOException {
            process.getOutputStream().close();
        }

        @Override
        public void close() {
            process.destroyForcibly();
        }
    }
}
