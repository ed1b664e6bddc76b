package dev.tidemill.postgres;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.SecureRandom;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.OptionalInt;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.postgresql.ds.PGSimpleDataSource;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// A PostgreSQL server of Tidemill's own, with its data in one folder, reachable from this machine
/// only.
///
/// Its owners are the processes that called [#start(Path)] and have not called [#close()]. The last one
/// to close stops the server; where owners end without closing, a watchdog process stops it within
/// seconds. Where the server dies under its owners, one of them starts it again.
///
/// The folder holds `cluster` (PostgreSQL's own data), `password`, `port`, `server.log`, `owners` and
/// `watchdog`.
public final class PrivateCluster implements AutoCloseable {

    /// Folder in which finished segments of the write-ahead log are kept, where they are.
    public static final String WAL = "wal";

    private static final String SUPERUSER = "tidemill";
    private static final Duration PATIENCE = Duration.ofSeconds(90);
    private static final String SECONDS = Long.toString(PATIENCE.toSeconds());
    private static final Duration REVIVAL_INTERVAL = Duration.ofSeconds(1);
    private static final Object ONE_AT_A_TIME = new Object();
    private static final Logger log = LoggerFactory.getLogger(PrivateCluster.class);

    private static final FileAttribute<?> PRIVATE_FOLDER =
            PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------"));
    private static final InetAddress LOOPBACK = InetAddress.ofLiteral("127.0.0.1");

    private final Path home;
    private final Installation installation;
    private final Account account;
    private final String password;
    private final Owners owners;
    private int port;
    private boolean owned;
    private @Nullable Path owner;
    private final CountDownLatch closed = new CountDownLatch(1);

    private PrivateCluster(Path home, Installation installation, Account account, String password) {
        this.home = home;
        this.installation = installation;
        this.account = account;
        this.password = password;
        this.owners = new Owners(home.resolve("owners"));
    }

    /// Starts the server of a data folder, making the cluster where there is none yet, or joins the
    /// owners of a server that already runs there.
    ///
    /// @throws DatabaseUnavailable with a message for the operator
    public static PrivateCluster start(Path dataDirectory) {
        return start(dataDirectory, Settings.DURABLE);
    }

    /// Starts a server whose folder is removed once its owners are gone; it trades durability for speed.
    public static PrivateCluster startThrowaway() {
        try {
            Path folder = Files.createTempDirectory("tidemill-postgres-");
            return start(folder, Settings.THROWAWAY);
        } catch (IOException full) {
            throw new DatabaseUnavailable("Cannot make a temporary folder for a database: " + full, full);
        }
    }

    private static PrivateCluster start(Path dataDirectory, Settings settings) {
        Path home = dataDirectory.toAbsolutePath().normalize();
        synchronized (ONE_AT_A_TIME) {
            try {
                Account account = Account.of(home.resolve("cluster"));
                prepareHome(home, account);
                try (FileChannel channel = launchLock(home);
                        FileLock lock = channel.lock()) {
                    if (!lock.isValid()) {
                        throw new IOException("lost the lock on " + home);
                    }
                    Installation installation = Installation.find(System.getenv(), Path.of("/"), majorOf(home));
                    var cluster = new PrivateCluster(home, installation, account, passwordOf(home));
                    cluster.initialize();
                    cluster.joinOrLaunch(settings);
                    if (settings == Settings.DURABLE) {
                        cluster.keepUp();
                    }
                    return cluster;
                }
            } catch (IOException failed) {
                throw new DatabaseUnavailable(
                        "Cannot use " + home + " for the private database: " + failed
                                + ". Check the folder's owner and the disk's free space, choose another with TIDEMILL_HOME,"
                                + " or set DATABASE_URL.",
                        failed);
            }
        }
    }

    /// The address for the JDBC driver, without user and password.
    public String jdbcUrl(String database) {
        return "jdbc:postgresql://127.0.0.1:" + port + "/" + database;
    }

    public String username() {
        return SUPERUSER;
    }

    public String password() {
        return password;
    }

    public int port() {
        return port;
    }

    /// Whether this object started the server; false where it found one running.
    public boolean owned() {
        return owned;
    }

    /// Where the programs of this server's PostgreSQL are: `pg_dump`, `pg_basebackup` and so on.
    public Path binDirectory() {
        return installation.binDirectory();
    }

    /// The folder given to [#start(Path)].
    public Path dataDirectory() {
        return home;
    }

    /// Makes a database where there is none of that name.
    public void createDatabase(String name) {
        try (Connection connection = connect("postgres")) {
            try (PreparedStatement exists = connection.prepareStatement("SELECT FROM pg_database WHERE datname = ?")) {
                exists.setString(1, name);
                try (ResultSet rows = exists.executeQuery()) {
                    if (rows.next()) {
                        return;
                    }
                }
            }
            try (Statement create = connection.createStatement()) {
                create.execute("CREATE DATABASE " + create.enquoteIdentifier(name, true));
            }
        } catch (SQLException refused) {
            if (!"42P04".equals(refused.getSQLState())) { // somebody else was faster
                throw new DatabaseUnavailable(
                        "Cannot create the database " + name + ": " + refused.getMessage(), refused);
            }
        }
    }

    /// Leaves the owners; the last one to leave stops the server, letting running transactions be rolled back.
    /// Idempotent.
    @Override
    public void close() {
        synchronized (ONE_AT_A_TIME) {
            Path entered = owner;
            if (entered == null) {
                return;
            }
            owner = null;
            closed.countDown();
            try (FileChannel channel = launchLock(home);
                    FileLock lock = channel.lock()) {
                Files.deleteIfExists(entered);
                if (lock.isValid() && !owners.anyAlive() && isRunning()) {
                    pgCtl("stop", "-m", "fast", "-w", "-t", SECONDS);
                }
            } catch (NoSuchFileException removed) {
                // A throwaway folder that its watchdog has removed already: nothing is left to stop.
                owned = false;
            } catch (IOException failed) {
                throw new UncheckedIOException("Cannot leave the private database in " + home, failed);
            }
        }
    }

    /// Stops the server of a folder that is to be removed, where its owners have ended: a process that was killed while
    /// it started one leaves it without a watchdog.
    public static void stopAbandoned(Path dataDirectory) {
        Path home = dataDirectory.toAbsolutePath().normalize();
        synchronized (ONE_AT_A_TIME) {
            try (FileChannel channel = launchLock(home);
                    FileLock lock = channel.lock()) {
                Installation installation = Installation.find(System.getenv(), Path.of("/"), majorOf(home));
                var cluster = new PrivateCluster(home, installation, Account.of(home.resolve("cluster")), "");
                if (lock.isValid() && !cluster.owners.anyAlive() && cluster.isRunning()) {
                    cluster.pgCtl("stop", "-m", "immediate", "-w", "-t", SECONDS);
                }
            } catch (IOException failed) {
                throw new UncheckedIOException("Cannot stop the server of " + home, failed);
            }
        }
    }

    private void initialize() throws IOException {
        Path cluster = home.resolve("cluster");
        if (Files.exists(cluster.resolve("PG_VERSION"))) {
            return;
        }
        // Made under another name: a cluster whose making was cut off is never taken for a whole one.
        Path draft = home.resolve("cluster.new");
        removeTree(draft);
        Path passwordForOnce = writeFor(account, home.resolve("password.new"), password + "\n");
        try {
            account.own(Files.createDirectory(draft, PRIVATE_FOLDER));
            Command.Result made = account.run(List.of(
                    program("initdb"),
                    "-D",
                    draft.toString(),
                    "-U",
                    SUPERUSER,
                    "-A",
                    "scram-sha-256",
                    "--pwfile=" + passwordForOnce,
                    "-E",
                    "UTF8",
                    "--locale=" + (System.getProperty("os.name", "").startsWith("Mac") ? "en_US.UTF-8" : "C.UTF-8"),
                    "-k"));
            if (!made.succeeded()) {
                removeTree(draft);
                throw new DatabaseUnavailable("PostgreSQL could not make a cluster in " + home + ": "
                        + made.output().strip());
            }
        } finally {
            Files.delete(passwordForOnce);
        }
        Files.writeString(
                draft.resolve("postgresql.conf"), "\ninclude_if_exists = 'tidemill.conf'\n", StandardOpenOption.APPEND);
        Files.move(draft, cluster, StandardCopyOption.ATOMIC_MOVE);
    }

    private void joinOrLaunch(Settings settings) throws IOException {
        long deadline = System.nanoTime() + PATIENCE.toNanos();
        while (System.nanoTime() < deadline) {
            if (!isRunning()) {
                launch(settings);
                return;
            }
            if (join()) {
                return;
            }
            // It is starting, or its watchdog is stopping it: wait for either to end.
            LockSupport.parkNanos(Duration.ofMillis(50).toNanos());
        }
        throw new DatabaseUnavailable("A PostgreSQL server runs on " + home + " but has not become ready in "
                + PATIENCE.toSeconds() + " s. Its log, " + home.resolve("server.log") + ", ends: " + logTail());
    }

    private boolean join() throws IOException {
        List<String> lines = postmasterFile();
        if (lines.size() < 8 || !lines.get(7).strip().equals("ready")) {
            return false;
        }
        Path entered;
        try {
            entered = owners.enter();
        } catch (NoSuchFileException watchdogIsStoppingIt) {
            return false;
        }
        if (!Files.exists(entered)) {
            // Taken away in this moment; the watchdog gives it back or stops the server.
            return awaitReturn(entered);
        }
        port = Integer.parseInt(lines.get(3).strip());
        owner = entered;
        owned = false;
        requireConnection();
        if (!watchdogIsAlive()) {
            startWatchdog(lines.getFirst().strip(), Settings.DURABLE);
        }
        return true;
    }

    private boolean awaitReturn(Path entered) throws IOException {
        long deadline = System.nanoTime() + PATIENCE.toNanos();
        while (isRunning() && !Files.exists(entered) && System.nanoTime() < deadline) {
            LockSupport.parkNanos(Duration.ofMillis(50).toNanos());
        }
        Files.deleteIfExists(entered);
        return false;
    }

    private void launch(Settings settings) throws IOException {
        owners.reset();
        port = choosePort();
        writeFor(account, home.resolve("cluster/tidemill.conf"), settings.file(port) + preload() + archive(settings));
        writeFor(Account.RUNNING, home.resolve("port"), port + "\n");
        Path file = home.resolve("server.log");
        if (!Files.exists(file)) {
            writeFor(account, file, "");
        }
        Command.Result started = pgCtl("start", "-w", "-t", SECONDS, "-l", file.toString());
        if (!started.succeeded()) {
            throw new DatabaseUnavailable("PostgreSQL did not start on " + home + ". Its log, "
                    + home.resolve("server.log") + ", ends: " + logTail());
        }
        owner = owners.enter();
        owned = true;
        startWatchdog(postmasterFile().getFirst().strip(), settings);
        requireConnection();
    }

    /// From now on starts the server again when it dies although this process still needs it: the kernel may have
    /// killed it for memory, or a person by mistake. Whoever holds a connection loses it; what was committed is
    /// there again.
    private void keepUp() {
        Thread.ofPlatform().daemon().name("postgres-keeper").start(() -> {
            try {
                while (!closed.await(REVIVAL_INTERVAL.toMillis(), TimeUnit.MILLISECONDS)) {
                    try {
                        if (!serverIsAlive()) {
                            revive();
                        }
                    } catch (IOException | RuntimeException failed) {
                        // The next look is the retry.
                        log.error("PostgreSQL on {} died and could not be started again yet", home, failed);
                    }
                }
            } catch (InterruptedException ended) {
                Thread.currentThread().interrupt();
            }
        });
    }

    private boolean serverIsAlive() throws IOException {
        List<String> lines = postmasterFile();
        return !lines.isEmpty()
                && ProcessHandle.of(Long.parseLong(lines.getFirst().strip()))
                        .map(ProcessHandle::isAlive)
                        .orElse(false);
    }

    private void revive() throws IOException {
        synchronized (ONE_AT_A_TIME) {
            try (FileChannel channel = launchLock(home);
                    FileLock lock = channel.lock()) {
                if (owner == null || !lock.isValid() || isRunning()) {
                    return;
                }
                log.error("PostgreSQL on {} died; it is started again", home);
                // On the same port, as every pool of every owner has its address; they stay its owners.
                Command.Result started = pgCtl(
                        "start",
                        "-w",
                        "-t",
                        SECONDS,
                        "-l",
                        home.resolve("server.log").toString());
                if (!started.succeeded()) {
                    throw new IOException("its log, " + home.resolve("server.log") + ", ends: " + logTail());
                }
                startWatchdog(postmasterFile().getFirst().strip(), Settings.DURABLE);
            }
        }
    }

    /// Counts of statements cost little and need a restart to begin with, so they are there from the start where
    /// this PostgreSQL has them; `CREATE EXTENSION pg_stat_statements` shows them.
    private String preload() {
        Path library = installation.binDirectory().resolveSibling("lib").resolve("pg_stat_statements.so");
        return Files.exists(library) ? "shared_preload_libraries = 'pg_stat_statements'\n" : "";
    }

    /// Finished segments of the write-ahead log go to the folder `wal` where there is one, and nowhere else: until
    /// somebody keeps them for recovery to a point in time, they cost nothing.
    private String archive(Settings settings) throws IOException {
        return switch (settings) {
            case THROWAWAY -> "";
            case DURABLE -> {
                Path script = home.resolve("archive.sh");
                writeFor(account, script, resource("archive.sh"));
                yield """
                        archive_mode = on
                        archive_command = '/bin/sh "%s" "%%p" "%%f"'
                        """.formatted(script.toString().replace("'", "''").replace("%", "%%"));
            }
        };
    }

    /// From now on finished segments of the write-ahead log are kept in a folder, to be taken from there; a segment
    /// is finished after a minute at the latest, where anything was written.
    ///
    /// @return the folder
    public Path keepWal() {
        return keepWal(home, jdbcUrl("postgres"), password);
    }

    /// As [#keepWal()], of the cluster in a data folder.
    public static Path keepWal(Path home, String jdbcUrl, String password) {
        Path folder = home.resolve(WAL);
        try {
            if (!Files.isDirectory(folder)) {
                Account.of(home.resolve("cluster")).own(Files.createDirectory(folder, PRIVATE_FOLDER));
            }
            var source = new PGSimpleDataSource();
            source.setUrl(jdbcUrl);
            try (Connection connection = source.getConnection(SUPERUSER, password);
                    Statement statement = connection.createStatement()) {
                // Another engine may have put its own in the place of ours.
                statement.execute("ALTER SYSTEM RESET archive_command");
                statement.execute("ALTER SYSTEM SET archive_timeout = '60s'");
                statement.execute("SELECT pg_reload_conf()");
            }
            return folder;
        } catch (IOException | SQLException failed) {
            throw new DatabaseUnavailable(
                    "The write-ahead log cannot be kept in " + folder + ": " + failed.getMessage(), failed);
        }
    }

    private static String resource(String name) throws IOException {
        try (InputStream resource = PrivateCluster.class.getResourceAsStream(name)) {
            if (resource == null) {
                throw new IllegalStateException(name + " is missing from the jar");
            }
            return new String(resource.readAllBytes(), StandardCharsets.UTF_8);
        }
    }

    private void startWatchdog(String serverPid, Settings settings) throws IOException {
        String script = resource("watchdog.sh");
        List<String> command =
                new ArrayList<>(List.of("/bin/sh", "-s", "tidemill-watchdog", home.toString(), serverPid));
        command.add(settings.name().toLowerCase(Locale.ROOT));
        command.addAll(account.command(pgCtlWords("stop", "-w", "-t", SECONDS)));
        long pid = Command.detach(command, script);
        Files.writeString(home.resolve("watchdog"), pid + "-" + Owners.startTime(pid) + "\n");
    }

    private boolean watchdogIsAlive() throws IOException {
        Path file = home.resolve("watchdog");
        if (!Files.exists(file)) {
            return false;
        }
        String[] parts = Files.readString(file).strip().split("-", 2);
        if (parts.length < 2) {
            return false;
        }
        long pid = Long.parseLong(parts[0]);
        return ProcessHandle.of(pid).map(ProcessHandle::isAlive).orElse(false)
                && Owners.startTime(pid).equals(parts[1]);
    }

    private boolean isRunning() {
        return pgCtl("status").succeeded();
    }

    private Command.Result pgCtl(String action, String... arguments) {
        return account.run(pgCtlWords(action, arguments));
    }

    private List<String> pgCtlWords(String action, String... arguments) {
        return Stream.concat(
                        Stream.of(
                                program("pg_ctl"),
                                action,
                                "-D",
                                home.resolve("cluster").toString()),
                        Stream.of(arguments))
                .toList();
    }

    private String program(String name) {
        return installation.binDirectory().resolve(name).toString();
    }

    private List<String> postmasterFile() throws IOException {
        try {
            return Files.readAllLines(home.resolve("cluster/postmaster.pid"));
        } catch (NoSuchFileException stopped) {
            return List.of();
        }
    }

    private void requireConnection() {
        try (Connection connection = connect("postgres");
                Statement statement = connection.createStatement();
                ResultSet rows = statement.executeQuery("SHOW data_directory")) {
            rows.next();
            Path serves = Path.of(rows.getString(1));
            if (!serves.equals(home.resolve("cluster"))) {
                throw new DatabaseUnavailable("Port " + port + " is answered by the PostgreSQL server of " + serves
                        + ", not by that of " + home);
            }
        } catch (SQLException refused) {
            throw new DatabaseUnavailable(
                    "The PostgreSQL server of " + home + " does not let us in on port " + port + ": "
                            + refused.getMessage(),
                    refused);
        }
    }

    private Connection connect(String database) throws SQLException {
        var source = new PGSimpleDataSource();
        source.setUrl(jdbcUrl(database));
        source.setConnectTimeout(10);
        return source.getConnection(SUPERUSER, password);
    }

    private String logTail() throws IOException {
        Path file = home.resolve("server.log");
        if (!Files.exists(file)) {
            return "(no log)";
        }
        List<String> lines = Files.readString(file).lines().toList();
        return String.join("\n", lines.subList(Math.max(0, lines.size() - 8), lines.size()));
    }

    private int choosePort() throws IOException {
        Path file = home.resolve("port");
        if (Files.exists(file)) {
            String kept = Files.readString(file).strip();
            if (kept.matches("[0-9]{1,5}") && isFree(Integer.parseInt(kept))) {
                return Integer.parseInt(kept);
            }
        }
        try (ServerSocket socket = new ServerSocket(0, 1, LOOPBACK)) {
            return socket.getLocalPort();
        }
    }

    private static boolean isFree(int port) {
        try (ServerSocket socket = new ServerSocket()) {
            socket.setReuseAddress(true);
            socket.bind(new InetSocketAddress(LOOPBACK, port), 1);
            return socket.getLocalPort() == port;
        } catch (IOException | IllegalArgumentException taken) {
            return false;
        }
    }

    private static void prepareHome(Path home, Account account) throws IOException {
        Files.createDirectories(home);
        if (!Files.isReadable(home) || !Files.isWritable(home)) {
            throw new DatabaseUnavailable("The data folder " + home + " belongs to the user "
                    + Files.getOwner(home).getName()
                    + ". Run Tidemill as that user or as root, choose another folder with"
                    + " TIDEMILL_HOME, or set DATABASE_URL.");
        }
        // The server's user passes through to the cluster's folder, the only one that is its own.
        Files.setPosixFilePermissions(
                home, PosixFilePermissions.fromString(account.name() == null ? "rwx------" : "rwx--x--x"));
        account.requireReach(home);
    }

    private static FileChannel launchLock(Path home) throws IOException {
        return FileChannel.open(home.resolve("launch.lock"), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
    }

    private static OptionalInt majorOf(Path home) throws IOException {
        Path version = home.resolve("cluster/PG_VERSION");
        return Files.exists(version)
                ? OptionalInt.of(Integer.parseInt(Files.readString(version).strip()))
                : OptionalInt.empty();
    }

    private static String passwordOf(Path home) throws IOException {
        Path file = home.resolve("password");
        if (Files.exists(file)) {
            return Files.readString(file).strip();
        }
        if (Files.exists(home.resolve("cluster"))) {
            throw new DatabaseUnavailable(
                    "The file " + file + " with the private database's password is gone. Put it back"
                            + " from a backup, or choose another data folder with TIDEMILL_HOME.");
        }
        byte[] random = new byte[24];
        new SecureRandom().nextBytes(random);
        String password = Base64.getUrlEncoder().withoutPadding().encodeToString(random);
        writeFor(Account.RUNNING, file, password + "\n");
        return password;
    }

    /// Writes a file of mode 0600 for a user, whole or not at all.
    private static Path writeFor(Account account, Path file, String content) throws IOException {
        Path draft = Files.createTempFile(file.toAbsolutePath().getParent(), "draft-", "");
        Files.writeString(draft, content);
        account.own(draft);
        return Files.move(draft, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    }

    private static void removeTree(Path root) throws IOException {
        if (!Files.exists(root)) {
            return;
        }
        try (Stream<Path> tree = Files.walk(root)) {
            for (Path path : tree.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(path);
            }
        }
    }
}
