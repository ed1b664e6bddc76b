package dev.tidemill.postgres;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.postgresql.ds.PGSimpleDataSource;

/// Drives pgBackRest, where it is installed, for the private cluster: one stanza, in a repository in one folder,
/// encrypted. Runs as the user of the server; passwords are in files that only this user can read.
public final class PgBackRest {

    private static final String PROGRAM = "pgbackrest";
    private static final String STANZA = "tidemill";
    private static final DateTimeFormatter TARGET =
            DateTimeFormatter.ofPattern("yyyy-MM-dd HH:mm:ss.SSSSSS'+00'").withZone(ZoneOffset.UTC);

    private final Path home;
    private final Path folder;
    private final Path repository;
    private final Account account;

    private PgBackRest(Path home, Path repository) {
        this.home = home;
        this.folder = home.resolve(PROGRAM);
        this.repository = repository;
        this.account = Account.of(home.resolve("cluster"));
    }

    public static boolean installed() {
        return Command.onPath(PROGRAM);
    }

    /// For the cluster of a data folder; writes its configuration.
    ///
    /// @param home of the private cluster
    /// @param repository folder for the backups and the log
    /// @param password of the cluster's owner
    /// @param secret that encrypts the repository
    public static PgBackRest of(Path home, Path repository, String password, String secret) {
        if (!installed()) {
            throw new DatabaseUnavailable("backup.engine is pgbackrest, and pgBackRest is not installed: install the"
                    + " package pgbackrest, or leave backup.engine as tidemill");
        }
        PgBackRest engine = new PgBackRest(
                home.toAbsolutePath().normalize(), repository.toAbsolutePath().normalize());
        try {
            engine.configure(password, secret);
            return engine;
        } catch (IOException failed) {
            throw new DatabaseUnavailable(
                    "pgBackRest cannot be configured in " + engine.folder + ": " + failed, failed);
        }
    }

    private void configure(String password, String secret) throws IOException {
        for (Path each : List.of(folder, folder.resolve("lock"), folder.resolve("log"), folder.resolve("spool"))) {
            makeFolder(each);
        }
        if (!Files.isDirectory(repository)) {
            Files.createDirectories(
                    java.util.Objects.requireNonNull(repository.getParent(), "a folder below the root"));
            makeFolder(repository);
        }
        account.requireReach(repository);
        write("pgpass", "127.0.0.1:*:*:*:" + password.replace("\\", "\\\\").replace(":", "\\:") + "\n");
        write(PROGRAM + ".conf", """
                # Written by Tidemill before each use.
                [global]
                repo1-path=%s
                repo1-cipher-type=aes-256-cbc
                repo1-cipher-pass=%s
                repo1-retention-full=2
                lock-path=%s
                log-path=%s
                spool-path=%s
                log-level-console=warn
                log-level-file=info
                compress-type=zst
                start-fast=y
                [%s]
                pg1-path=%s
                pg1-user=tidemill
                pg1-database=postgres
                """.formatted(
                        repository,
                        secret,
                        folder.resolve("lock"),
                        folder.resolve("log"),
                        folder.resolve("spool"),
                        STANZA,
                        home.resolve("cluster")));
    }

    private void makeFolder(Path path) throws IOException {
        if (!Files.isDirectory(path)) {
            Files.createDirectory(
                    path, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
            account.own(path);
        }
    }

    private void write(String name, String content) throws IOException {
        Path draft = Files.createTempFile(
                folder,
                "draft-",
                "",
                PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
        Files.writeString(draft, content);
        account.own(draft);
        Files.move(
                draft,
                folder.resolve(name),
                java.nio.file.StandardCopyOption.ATOMIC_MOVE,
                java.nio.file.StandardCopyOption.REPLACE_EXISTING);
    }

    private Path conf() {
        return folder.resolve(PROGRAM + ".conf");
    }

    private List<String> words(String... arguments) {
        List<String> words = new ArrayList<>(List.of(
                "env",
                "PGHOST=127.0.0.1",
                "PGPASSFILE=" + folder.resolve("pgpass"),
                PROGRAM,
                "--config=" + conf(),
                "--stanza=" + STANZA));
        words.addAll(List.of(arguments));
        return words;
    }

    private String run(String... arguments) {
        Command.Result result = account.run(words(arguments));
        if (!result.succeeded()) {
            throw new DatabaseUnavailable("pgbackrest " + arguments[arguments.length - 1] + " failed: "
                    + result.output().strip());
        }
        return result.output();
    }

    /// Has the server hand its log to pgBackRest from now on, and makes the stanza where there is none.
    ///
    /// @param jdbcUrl of any of its databases
    public void begin(String jdbcUrl, String username, String password) {
        var source = new PGSimpleDataSource();
        source.setUrl(jdbcUrl);
        run(port(jdbcUrl), "stanza-create");
        try (Connection connection = source.getConnection(username, password);
                Statement statement = connection.createStatement()) {
            String command = PROGRAM + " --config=" + conf() + " --stanza=" + STANZA + " archive-push %p";
            statement.execute("ALTER SYSTEM SET archive_command = " + statement.enquoteLiteral(command));
            statement.execute("ALTER SYSTEM SET archive_timeout = '60s'");
            statement.execute("SELECT pg_reload_conf()");
        } catch (SQLException failed) {
            throw new DatabaseUnavailable(
                    "The server cannot be told to hand its log to pgBackRest: " + failed.getMessage(), failed);
        }
        run(port(jdbcUrl), "check");
    }

    private static String port(String jdbcUrl) {
        String hosts = DatabaseUrl.parse(jdbcUrl).hosts();
        return "--pg1-port=" + hosts.substring(hosts.lastIndexOf(':') + 1);
    }

    /// Makes a backup.
    ///
    /// @param type full, diff or incr
    public void backup(String jdbcUrl, String type) {
        run(port(jdbcUrl), "--type=" + type, "backup");
    }

    /// What there is, as pgBackRest tells it in JSON.
    public String info() {
        return run("--output=json", "info");
    }

    /// Reads the whole repository.
    ///
    /// @return what pgBackRest says of it
    /// @throws DatabaseUnavailable when something is not as it was written
    public String verify() {
        String said = run("--log-level-console=info", "verify");
        if (said.contains("ERROR") || said.contains("checksum invalid") || said.contains("size invalid")) {
            throw new DatabaseUnavailable("pgbackrest verify found damage: " + said.strip());
        }
        return said;
    }

    /// Makes the data folder of a private cluster, which recovers when it is started.
    ///
    /// @param into new or empty
    /// @param label of a backup, or `latest`
    public void restore(Path into, String password, String label, Recovery.Point point, String value) {
        Path target = into.toAbsolutePath().normalize();
        try {
            Files.createDirectories(target);
            try (Stream<Path> there = Files.list(target)) {
                if (there.findAny().isPresent()) {
                    throw new DatabaseUnavailable(
                            target + " is not empty: a cluster is recovered into a new folder only");
                }
            }
            Files.setPosixFilePermissions(
                    target, PosixFilePermissions.fromString(account.name() == null ? "rwx------" : "rwx--x--x"));
            account.requireReach(target);
            makeFolder(target.resolve("cluster"));
            Path file = Files.createFile(
                    target.resolve("password"),
                    PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
            Files.writeString(file, password + "\n");
        } catch (IOException failed) {
            throw new DatabaseUnavailable("Cannot recover a cluster into " + target + ": " + failed, failed);
        }
        // The copy must not hand its own log to the repository.
        List<String> arguments =
                new ArrayList<>(List.of("--pg1-path=" + target.resolve("cluster"), "--archive-mode=off"));
        if (!label.equals("latest")) {
            arguments.add("--set=" + label);
        }
        switch (point) {
            case TIME -> {
                arguments.add("--type=time");
                arguments.add("--target=" + TARGET.format(Instant.parse(value)));
            }
            case LSN -> {
                arguments.add("--type=lsn");
                arguments.add("--target=" + value);
            }
            case NAME -> {
                arguments.add("--type=name");
                arguments.add("--target=" + value);
            }
            case END -> {}
        }
        if (point != Recovery.Point.END) {
            arguments.add("--target-action=promote");
        }
        arguments.add("restore");
        run(arguments.toArray(String[]::new));
    }
}
