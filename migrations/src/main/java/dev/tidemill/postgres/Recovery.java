package dev.tidemill.postgres;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.OptionalInt;
import java.util.stream.Stream;

/// Makes the folder of a private cluster out of a base backup and a kept write-ahead log. Started by
/// [PrivateCluster#start(Path)], it recovers to the point it was aimed at.
public final class Recovery {

    private final Path home;
    private final Path cluster;
    private final Account account;

    private Recovery(Path home, Account account) {
        this.home = home;
        this.cluster = home.resolve("cluster");
        this.account = account;
    }

    /// How the point is named.
    public enum Point {
        /// just after the last transaction that had committed then
        TIME("recovery_target_time"),
        /// a position in the write-ahead log
        LSN("recovery_target_lsn"),
        /// a restore point made by `pg_create_restore_point`
        NAME("recovery_target_name"),
        /// as far as the log goes
        END("");

        private final String setting;

        Point(String setting) {
            this.setting = setting;
        }
    }

    /// Begins with an empty folder.
    ///
    /// @param home a new or empty folder, which the server's user can enter
    /// @param password of the cluster that the backup was taken from
    public static Recovery into(Path home, String password) {
        Path folder = home.toAbsolutePath().normalize();
        try {
            Files.createDirectories(folder);
            try (Stream<Path> there = Files.list(folder)) {
                if (there.findAny().isPresent()) {
                    throw new DatabaseUnavailable(
                            folder + " is not empty: a cluster is recovered into a new folder only");
                }
            }
            Account account = Account.of(folder.resolve("cluster"));
            Files.setPosixFilePermissions(
                    folder, PosixFilePermissions.fromString(account.name() == null ? "rwx------" : "rwx--x--x"));
            account.requireReach(folder);
            Recovery recovery = new Recovery(folder, account);
            recovery.makeFolder(recovery.cluster);
            recovery.makeFolder(recovery.wal());
            Path file = Files.createFile(
                    folder.resolve("password"),
                    PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
            Files.writeString(file, password + "\n");
            return recovery;
        } catch (IOException failed) {
            throw new DatabaseUnavailable("Cannot recover a cluster into " + folder + ": " + failed, failed);
        }
    }

    private void makeFolder(Path folder) throws IOException {
        account.own(Files.createDirectory(
                folder, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------"))));
    }

    /// Where the segments of the log belong.
    public Path wal() {
        return home.resolve("wal_to_replay");
    }

    /// Unpacks a base backup in the tar form, and compares every file with its manifest.
    public void base(InputStream tar) throws IOException {
        run(List.of("tar", "-xf", "-", "-C", cluster.toString()), tar);
        int major =
                Integer.parseInt(Files.readString(cluster.resolve("PG_VERSION")).strip());
        Installation installation = Installation.find(System.getenv(), Path.of("/"), OptionalInt.of(major));
        run(
                List.of(
                        installation.binDirectory().resolve("pg_verifybackup").toString(),
                        "--quiet",
                        "--no-parse-wal",
                        cluster.toString()),
                InputStream.nullInputStream());
    }

    private void run(List<String> words, InputStream input) throws IOException {
        Process process = new ProcessBuilder(account.command(words))
                .directory(Path.of("/").toFile())
                .redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.PIPE)
                .start();
        StringBuilder said = new StringBuilder();
        Thread reader = Thread.ofVirtual().start(() -> {
            try (InputStream out = process.getInputStream()) {
                said.append(new String(out.readAllBytes(), StandardCharsets.UTF_8));
            } catch (IOException e) {
                said.append(e);
            }
        });
        try (OutputStream out = process.getOutputStream()) {
            input.transferTo(out);
        }
        try {
            int code = process.waitFor();
            reader.join();
            if (code != 0) {
                throw new IOException(
                        words.getFirst() + " failed: " + said.toString().strip());
            }
        } catch (InterruptedException e) {
            process.destroy();
            Thread.currentThread().interrupt();
            throw new IOException("interrupted", e);
        }
    }

    /// Says how far the log is to be replayed. The server then takes writes.
    public void aim(Point point, String value) throws IOException {
        for (Path file : segments()) {
            account.own(file);
        }
        StringBuilder settings = new StringBuilder("\n# Written by Tidemill for one recovery.\n");
        settings.append("restore_command = 'cp \"")
                .append(wal().toString().replace("'", "''").replace("%", "%%"))
                .append("/%f\" \"%p\"'\n");
        if (point != Point.END) {
            settings.append(point.setting)
                    .append(" = '")
                    .append(readable(point, value).replace("'", "''"))
                    .append("'\n");
        }
        settings.append("recovery_target_action = 'promote'\nrecovery_target_timeline = 'latest'\n");
        Path auto = cluster.resolve("postgresql.auto.conf");
        Files.writeString(auto, settings.toString(), StandardOpenOption.APPEND);
        account.own(auto);
        Path signal = Files.createFile(cluster.resolve("recovery.signal"));
        account.own(signal);
    }

    /// The server reads this setting before it knows names of time zones, the letter Z among them.
    private static String readable(Point point, String value) {
        return point == Point.TIME ? value.strip().replaceFirst("[zZ]$", "+00") : value;
    }

    private List<Path> segments() throws IOException {
        try (Stream<Path> files = Files.list(wal())) {
            return files.toList();
        }
    }
}
