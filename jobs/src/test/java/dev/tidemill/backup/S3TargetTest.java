package dev.tidemill.backup;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.tidemill.postgres.PgBackRest;
import dev.tidemill.postgres.PgBackRestRepository;
import dev.tidemill.postgres.PrivateCluster;
import dev.tidemill.run.RunView;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.sql.Connection;
import java.sql.DriverManager;
import java.time.Duration;
import java.time.Instant;
import java.util.Comparator;
import java.util.HashMap;
import java.util.Map;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.boot.context.properties.bind.Binder;
import org.springframework.boot.context.properties.source.MapConfigurationPropertySource;

/// A bucket as target: against a real S3 server, and with trouble on the way to it.
class S3TargetTest {

    @TempDir
    private static Path folder;

    @TempDir
    private Path home;

    private static S3Server server;
    private static SampleDatabase sample;

    private FaultyProxy proxy;

    @BeforeAll
    static void start() throws IOException {
        System.setProperty("aws.accessKeyId", "test");
        System.setProperty("aws.secretAccessKey", "test-secret");
        server = new S3Server(folder.resolve("s3"));
        sample = new SampleDatabase();
    }

    @AfterAll
    static void stop() {
        sample.close();
        server.close();
        System.clearProperty("aws.accessKeyId");
        System.clearProperty("aws.secretAccessKey");
    }

    @BeforeEach
    void listen() throws IOException {
        proxy = new FaultyProxy(server.port);
    }

    @AfterEach
    void close() {
        proxy.close();
    }

    private S3Target target(String prefix) {
        return new S3Target(
                new S3Target.Settings(S3Server.BUCKET, prefix, proxy.url(), "", true, true, Duration.ofSeconds(20)),
                Duration.ofMillis(5));
    }

    private BackupHarness harness(String prefix, Map<String, String> more) {
        Map<String, String> settings = new HashMap<>(Map.of(
                "S3_BACKUP_BUCKET",
                S3Server.BUCKET,
                "AWS_ENDPOINT_URL_S3",
                proxy.url(),
                "backup.s3.prefix",
                prefix,
                "backup.retention.after-backup",
                "false"));
        settings.putAll(more);
        return sample.harness(home, settings);
    }

    @Test
    void smallAndLargeThingsAreWrittenReadListedAndDeleted() throws IOException {
        byte[] large = new byte[20 << 20];
        new Random(1).nextBytes(large);
        try (S3Target target = target("things")) {
            target.put("a/small", new byte[] {1, 2, 3}, false);
            target.put("a/large", large, false);
            target.put("b/empty", new byte[0], false);

            assertThat(target.read("a/small", 10)).containsExactly(1, 2, 3);
            try (InputStream in = target.open("a/large")) {
                assertThat(in.readAllBytes()).isEqualTo(large);
            }
            assertThat(target.list("a/")).extracting(Target.Entry::name).containsExactly("a/large", "a/small");
            assertThat(target.list("a/")).extracting(Target.Entry::size).containsExactly(20L << 20, 3L);
            target.delete("a/small");
            assertThatThrownBy(() -> target.open("a/small")).isInstanceOf(NoSuchFileException.class);
        }
    }

    @Test
    void whatMustBeNewDoesNotReplaceWhatIsThere() throws IOException {
        try (S3Target target = target("new")) {
            target.put("manifest", new byte[] {1}, true);
            assertThatThrownBy(() -> target.put("manifest", new byte[] {2}, true))
                    .isInstanceOf(FileAlreadyExistsException.class);
            assertThat(target.read("manifest", 10)).containsExactly(1);
        }
    }

    @Test
    void anUploadThatIsBrokenOffLeavesNothingAndWhatAProcessLeftIsTakenBack() throws IOException {
        try (S3Target target = target("orphans")) {
            try (Target.Upload upload = target.create("broken")) {
                upload.write(new byte[9 << 20]);
            }
            assertThat(target.list("")).isEmpty();
            assertThat(target.cleanUp(Instant.now().plusSeconds(60))).isZero();

            // As a killed process leaves it: never closed.
            target.create("left").write(new byte[9 << 20]);
            assertThat(target.cleanUp(Instant.now().minus(Duration.ofDays(1)))).isZero();
            assertThat(target.cleanUp(Instant.now().plusSeconds(60))).isEqualTo(1);
            assertThat(target.cleanUp(Instant.now().plusSeconds(60))).isZero();
        }
    }

    @Test
    void aBackupGoesThroughWhenThreeInTenRequestsFail() throws Exception {
        proxy.fault = FaultyProxy.random(0.3, 42);
        String id;
        try (BackupHarness harness = harness("faults", Map.of())) {
            harness.backup();
            id = harness.backup();
        }
        assertThat(proxy.faults.get()).isGreaterThan(50);
        proxy.fault = (exchange, call) -> null;
        try (BackupHarness harness = harness("faults", Map.of())) {
            RunView run = harness.run("restore", Map.of("backup", id, "database", "from_s3"));
            assertThat(run.status()).as(run.message()).isEqualTo("COMPLETED");
            assertThat(sample.digest("from_s3"))
                    .isEqualTo(sample.digest(sample.database().name()));
            sample.drop("from_s3");
            assertThat(harness.catalogue().target().cleanUp(Instant.now().plusSeconds(60)))
                    .as("unfinished uploads")
                    .isZero();
        }
    }

    @Test
    void otherBytesBehindASuccessAreFoundAndNoBackupIsListed() {
        try (BackupHarness harness = harness("spoilt", Map.of("backup.run.retry.transient.attempts", "1"))) {
            proxy.spoils = "big-2";
            RunView run = harness.run("backup", Map.of());

            assertThat(run.status()).isEqualTo("FAILED");
            assertThat(run.message()).contains("big-2").contains("holds other bytes than were written");
            assertThat(harness.bean(Archives.class).list()).isEmpty();

            proxy.spoils = "";
            RunView resumed = harness.await(harness.runs().resume(BackupHarness.OPERATORS, run.id(), "test", ""));
            assertThat(resumed.status()).as(resumed.message()).isEqualTo("COMPLETED");
            assertThat(harness.bean(Archives.class).list()).hasSize(1);
        }
    }

    @Test
    void expiredCredentialsFailAtOnceAndLeaveEarlierBackupsAlone() {
        try (BackupHarness harness = harness("expired", Map.of("backup.part-size", "1MB"))) {
            String first = harness.backup();
            proxy.fault = (exchange, call) -> exchange.getRequestMethod().equals("PUT") ? 403 : null;
            int before = proxy.faults.get();
            RunView run = harness.run("backup", Map.of());

            assertThat(run.status()).isEqualTo("FAILED");
            assertThat(run.message())
                    .contains("the credentials are refused or have expired")
                    .doesNotContain("test-secret");
            assertThat(proxy.faults.get() - before).as("tries").isLessThan(10);
            proxy.fault = (exchange, call) -> null;
            assertThat(harness.bean(Archives.class).list())
                    .extracting(Archives.View::id)
                    .containsExactly(first);
            assertThat(harness.run("verify", Map.of("backup", first)).status()).isEqualTo("COMPLETED");
        }
    }

    /// Over https, as it speaks no other way, with the keys in a file of its own.
    @Test
    void pgBackRestKeepsItsRepositoryInTheBucketOfTheBackups() throws Exception {
        assumeTrue(PgBackRest.installed(), "is installed");
        Path root = Files.createTempDirectory("tidemill-pgbackrest-s3-");
        Files.setPosixFilePermissions(root, PosixFilePermissions.fromString("rwxr-xr-x"));
        try (PrivateCluster cluster = PrivateCluster.start(root.resolve("live"))) {
            PgBackRest engine = PgBackRest.of(
                    cluster.dataDirectory(),
                    place(Map.of("backup.pgbackrest.verify-tls", "false")),
                    2,
                    cluster.password(),
                    new PgBackRest.Cipher("a passphrase", "key one"));
            String url = cluster.jdbcUrl("postgres");

            engine.begin(url, cluster.username(), cluster.password());
            engine.backup(url, "full");

            PhysicalBackups.Repository repository = PhysicalBackups.read(engine);
            assertThat(repository.target()).isEqualTo("bucket " + S3Server.BUCKET + " under mine-pgbackrest");
            assertThat(repository.backups()).hasSize(1);
            assertThat(PhysicalBackups.unbroken(engine, repository.backups().getFirst()))
                    .isEqualTo(repository.lastSegment());
            Path conf = cluster.dataDirectory().resolve("pgbackrest/pgbackrest.conf");
            assertThat(Files.readString(conf)).contains("repo1-s3-key-secret=test-secret");
            assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(conf)))
                    .isEqualTo("rw-------");
            try (Connection connection = DriverManager.getConnection(url, cluster.username(), cluster.password())) {
                assertThat(LiveDatabase.text(connection, "SHOW archive_command"))
                        .startsWith("pgbackrest ")
                        .doesNotContain("test-secret");
            }
        } finally {
            try (Stream<Path> tree = Files.walk(root)) {
                for (Path path : tree.sorted(Comparator.reverseOrder()).toList()) {
                    Files.deleteIfExists(path);
                }
            }
        }
    }

    /// As a server with these settings would have it.
    private PgBackRestRepository place(Map<String, String> more) {
        Map<String, String> settings = new HashMap<>(Map.of(
                "backup.s3.bucket",
                S3Server.BUCKET,
                "backup.s3.prefix",
                "mine/",
                "backup.s3.endpoint",
                "https://localhost:" + server.httpsPort));
        settings.putAll(more);
        BackupProperties properties =
                new Binder(new MapConfigurationPropertySource(settings)).bindOrCreate("backup", BackupProperties.class);
        try (Target target = target("mine")) {
            return new PgBackRestPlace(properties, name -> "").find(target, home.resolve("backups"));
        }
    }

    @Test
    void whereTheRepositoryOfPgBackRestCannotBeIsToldWithWhatToDo() {
        assertThatThrownBy(() -> place(Map.of("backup.s3.endpoint", "http://localhost:9000")))
                .hasMessageContaining("https alone")
                .hasMessageContaining("backup.pgbackrest.repository: directory");
        assertThat(place(Map.of("backup.pgbackrest.repository", "directory")).description())
                .isEqualTo(home.resolve("backups-pgbackrest").toString());
        assertThat(place(Map.of("backup.pgbackrest.credentials", "role")).settings())
                .containsEntry("repo1-s3-key-type", "auto")
                .doesNotContainKey("repo1-s3-key-secret");
        assertThat(place(Map.of()).toString()).contains("keys test").doesNotContain("test-secret");
    }
}
