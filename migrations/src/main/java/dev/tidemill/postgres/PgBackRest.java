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
import java.time.format.DateTimeParseException;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.postgresql.ds.PGSimpleDataSource;

/// Drives pgBackRest, where it is installed, for the private cluster: one stanza, in one encrypted repository. Runs as
/// the user of the server; passwords and keys are in files that only this user can read.
public final class PgBackRest {

    private static final String PROGRAM = "pgbackrest";
    private static final String STANZA = "tidemill";
    /// Possessive, as what a wrong key made of a file may stand in the message, too long for a choice at each
    /// character.
    private static final Pattern TROUBLE =
            Pattern.compile("\"status\":\\{\"code\":99,\"message\":\"((?:[^\"\\\\]++|\\\\.)*+)\"");
    private static final DateTimeFormatter TARGET =
            DateTimeFormatter.ofPattern("yyyy-MM-dd HH:mm:ss.SSSSSS'+00'").withZone(ZoneOffset.UTC);

    private final Path home;
    private final Path folder;
    private final PgBackRestRepository repository;
    private final Cipher cipher;
    private final Account account;

    private PgBackRest(Path home, PgBackRestRepository repository, Cipher cipher) {
        this.home = home;
        this.folder = home.resolve(PROGRAM);
        this.repository = repository;
        this.cipher = cipher;
        this.account = Account.of(home.resolve("cluster"));
    }

    /// What encrypts the repository.
    ///
    /// @param key that the passphrase was made of, for messages
    public record Cipher(String passphrase, String key) {

        /// Without the passphrase.
        @Override
        public String toString() {
            return key;
        }
    }

    public static boolean installed() {
        return Command.onPath(PROGRAM);
    }

    /// For the cluster of a data folder; writes its configuration.
    ///
    /// @param home of the private cluster
    /// @param fullBackups kept in the repository, with what depends on them and the log since the oldest
    /// @param password of the cluster's owner
    public static PgBackRest of(
            Path home, PgBackRestRepository repository, int fullBackups, String password, Cipher cipher) {
        if (!installed()) {
            throw new DatabaseUnavailable("backup.engine is pgbackrest, and pgBackRest is not installed: install the"
                    + " package pgbackrest, or leave backup.engine as tidemill");
        }
        PgBackRest engine = new PgBackRest(home.toAbsolutePath().normalize(), repository, cipher);
        try {
            engine.configure(fullBackups, password);
            return engine;
        } catch (IOException failed) {
            throw new DatabaseUnavailable(
                    "pgBackRest cannot be configured in " + engine.folder + ": " + failed, failed);
        }
    }

    private void configure(int fullBackups, String password) throws IOException {
        for (Path each : List.of(folder, folder.resolve("lock"), folder.resolve("log"), folder.resolve("spool"))) {
            makeFolder(each);
        }
        if (repository instanceof PgBackRestRepository.Folder(Path path)) {
            if (!Files.isDirectory(path)) {
                Files.createDirectories(Objects.requireNonNull(path.getParent(), "a folder below the root"));
                makeFolder(path);
            }
            account.requireReach(path);
        }
        write("pgpass", "127.0.0.1:*:*:*:" + password.replace("\\", "\\\\").replace(":", "\\:") + "\n");
        write(PROGRAM + ".conf", """
                # Written by Tidemill before each use.
                [global]
                %s
                repo1-cipher-type=aes-256-cbc
                repo1-cipher-pass=%s
                repo1-retention-full=%d
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
                        repository.settings().entrySet().stream()
                                .map(setting -> setting.getKey() + "=" + oneLine(setting.getKey(), setting.getValue()))
                                .collect(Collectors.joining("\n")),
                        cipher.passphrase(),
                        fullBackups,
                        folder.resolve("lock"),
                        folder.resolve("log"),
                        folder.resolve("spool"),
                        STANZA,
                        home.resolve("cluster")));
    }

    /// Nothing that somebody set becomes a further setting.
    private static String oneLine(String name, String value) {
        if (value.isBlank() || value.lines().count() != 1) {
            throw new IllegalArgumentException("pgBackRest's setting " + name
                    + " is empty or has several lines: look at backup.s3," + " backup.pgbackrest and the credentials");
        }
        return value;
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

    /// @param command the last of the arguments, unless something to look at follows it
    private String run(String command, String... arguments) {
        Command.Result result = account.run(words(arguments));
        if (!result.succeeded()) {
            throw failed(command, result.output());
        }
        return result.output();
    }

    /// For an answer with no warning in it.
    private String ask(String command, String... arguments) {
        List<String> quiet = new ArrayList<>(List.of("--log-level-console=off", "--log-level-stderr=error"));
        quiet.addAll(List.of(arguments));
        return run(command, quiet.toArray(String[]::new));
    }

    private DatabaseUnavailable failed(String command, String said) {
        return new DatabaseUnavailable("pgbackrest " + command + " failed: " + said.strip() + hint(said));
    }

    /// What to do, where what pgBackRest says does not tell.
    private String hint(String said) {
        return said.contains("CryptoError") || said.contains("unable to load info file")
                ? ". Its repository in " + repository.description() + " does not open with the " + cipher
                        + ": it was made with another key. Name the file of that key with backup.older-key-files,"
                        + " or set the SECRET_KEY of that time; where that key is lost, move the repository away and"
                        + " make a full backup"
                : "";
    }

    public PgBackRestRepository repository() {
        return repository;
    }

    /// Has the server hand its log to pgBackRest from now on, and makes the stanza where there is none.
    ///
    /// @param jdbcUrl of any of its databases
    public void begin(String jdbcUrl, String username, String password) {
        var source = new PGSimpleDataSource();
        source.setUrl(jdbcUrl);
        run("stanza-create", port(jdbcUrl), "stanza-create");
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
        run("check", port(jdbcUrl), "check");
    }

    private static String port(String jdbcUrl) {
        String hosts = DatabaseUrl.parse(jdbcUrl).hosts();
        return "--pg1-port=" + hosts.substring(hosts.lastIndexOf(':') + 1);
    }

    /// Makes a backup.
    ///
    /// @param type full, diff or incr
    public void backup(String jdbcUrl, String type) {
        run("backup", port(jdbcUrl), "--type=" + type, "backup");
    }

    /// What there is, as pgBackRest tells it in JSON.
    ///
    /// @throws DatabaseUnavailable when it cannot be read, with another key for example
    public String info() {
        String said = ask("info", "--output=json", "info");
        // It ends well then too, with the trouble in its answer.
        trouble(said).ifPresent(told -> {
            throw failed("info", told);
        });
        return said;
    }

    /// Why it could not read its repository, in one line; empty where it could.
    static Optional<String> trouble(String said) {
        Matcher trouble = TROUBLE.matcher(said);
        return trouble.find() ? Optional.of(trouble.group(1).replace("\\n", "; ")) : Optional.empty();
    }

    /// Names of the files of the log in the repository, segments and histories, without what pgBackRest adds to them.
    public List<String> log() {
        String archive = "archive/" + STANZA;
        return ask("repo-ls", "--recurse", "repo-ls", archive)
                .lines()
                .map(path -> path.substring(path.lastIndexOf('/') + 1))
                .map(name -> name.replaceFirst("-[0-9a-f]{40}(\\.[a-z0-9]+)?$", ""))
                .toList();
    }

    /// Notes something beside a backup, shown by [#info()].
    public void annotate(String label, String name, String value) {
        run("annotate", "--set=" + label, "--annotation=" + name + "=" + value, "annotate");
    }

    /// Reads the whole repository.
    ///
    /// @return what pgBackRest says of it
    /// @throws DatabaseUnavailable when something is not as it was written
    public String verify() {
        String said = run("verify", "--log-level-console=info", "verify");
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
            makeFolder(target.resolve("lock"));
            Path file = Files.createFile(
                    target.resolve("password"),
                    PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
            Files.writeString(file, password + "\n");
        } catch (IOException failed) {
            throw new DatabaseUnavailable("Cannot recover a cluster into " + target + ": " + failed, failed);
        }
        // The copy must not hand its own log to the repository. With a lock of its own, as a drill and an operator may
        // recover at the same time, and a restore whose caller was killed still holds one.
        List<String> arguments = new ArrayList<>(List.of(
                "--pg1-path=" + target.resolve("cluster"),
                "--lock-path=" + target.resolve("lock"),
                "--archive-mode=off"));
        if (!label.equals("latest")) {
            arguments.add("--set=" + label);
        }
        switch (point) {
            case TIME -> {
                arguments.add("--type=time");
                arguments.add("--target=" + time(value));
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
        run("restore", arguments.toArray(String[]::new));
    }

    /// As PostgreSQL writes it, which pgBackRest takes, or with T and Z.
    private static String time(String value) {
        try {
            return TARGET.format(Instant.parse(value));
        } catch (DateTimeParseException asPostgres) {
            return value;
        }
    }
}
