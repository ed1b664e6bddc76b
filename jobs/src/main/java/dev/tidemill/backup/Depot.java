package dev.tidemill.backup;

import dev.tidemill.postgres.PgBackRest;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/// Where this installation keeps its backups, and the keys to them. Neither is touched before it is needed: a server
/// that makes no backups makes no key.
final class Depot implements AutoCloseable {

    private static final String PGBACKREST_KEY = "pgbackrest-key-id";

    private final BackupProperties properties;
    private final Path home;
    private final UnaryOperator<String> environment;
    private @Nullable Catalogue catalogue;

    /// Opens nothing yet.
    ///
    /// @param home the data folder
    /// @param environment a variable's value, empty for none
    Depot(BackupProperties properties, Path home, UnaryOperator<String> environment) {
        this.properties = properties;
        this.home = home;
        this.environment = environment;
    }

    synchronized Catalogue catalogue() {
        Catalogue open = catalogue;
        if (open == null) {
            boolean named = !properties.keyFile().isBlank();
            Keys keys = Keys.load(
                    environment.apply("SECRET_KEY"),
                    named ? Path.of(properties.keyFile()) : home.resolve("backup.key"),
                    named,
                    properties.olderKeyFiles().stream().map(Path::of).toList());
            open = new Catalogue(target(), keys);
            catalogue = open;
        }
        return open;
    }

    private Target target() {
        String bucket = or(properties.s3().bucket(), "S3_BACKUP_BUCKET");
        return switch (properties.target()) {
            case AUTO -> bucket.isBlank() ? directory() : bucket(bucket);
            case DIRECTORY -> directory();
            case S3 -> {
                if (bucket.isBlank()) {
                    throw new IllegalStateException(
                            "backup.target is s3, and no bucket is named: set backup.s3.bucket or S3_BACKUP_BUCKET");
                }
                yield bucket(bucket);
            }
        };
    }

    private Target directory() {
        return new DirectoryTarget(folder());
    }

    private Path folder() {
        return properties.directory().isBlank() ? home.resolve("backups") : Path.of(properties.directory());
    }

    private Target bucket(String bucket) {
        BackupProperties.S3 s3 = properties.s3();
        String endpoint = or(or(s3.endpoint(), "AWS_ENDPOINT_URL_S3"), "AWS_ENDPOINT_URL");
        return new S3Target(new S3Target.Settings(
                bucket, s3.prefix(), endpoint, s3.region(), s3.pathStyle(), s3.checksums(), s3.timeout()));
    }

    private String or(String set, String variable) {
        return set.isBlank() ? environment.apply(variable) : set;
    }

    BackupProperties.Engine engine() {
        return properties.engine();
    }

    /// pgBackRest for the private cluster, its repository locked with a key made of the installation's: of the one that
    /// it was made with.
    ///
    /// @param cluster data folder of the private cluster
    /// @throws BackupDamaged when this installation does not have that key
    PgBackRest pgBackRest(@Nullable Path cluster, @Nullable String password) {
        if (cluster == null || password == null) {
            throw new IllegalStateException("backup.engine pgbackrest is for the private cluster: a PostgreSQL of your"
                    + " own has a pgBackRest of its own");
        }
        Keys.Key key = pgBackRestKey();
        return PgBackRest.of(
                cluster,
                new PgBackRestPlace(properties, environment).find(catalogue().target(), folder()),
                properties.pgbackrest().fullBackups(),
                password,
                new PgBackRest.Cipher(Keys.mac(key.secret(), "pgbackrest", new byte[0]), key.toString()));
    }

    private Keys.Key pgBackRestKey() {
        Keys keys = catalogue().keys();
        try {
            String id = new String(catalogue().target().read(PGBACKREST_KEY, 100), StandardCharsets.US_ASCII).strip();
            return keys.byId(
                    id,
                    "pgBackRest's repository (says " + PGBACKREST_KEY + " in "
                            + catalogue().target().description() + ")");
        } catch (NoSuchFileException | FileNotFoundException notNotedYet) {
            return keys.current();
        } catch (IOException e) {
            throw new UncheckedIOException(PGBACKREST_KEY + " cannot be read: " + e.getMessage(), e);
        }
    }

    /// Notes which key pgBackRest's repository was made with: it goes on with that one when the installation gets
    /// another. To be called when the repository has opened.
    void notePgBackRestKey() {
        try {
            catalogue()
                    .target()
                    .put(PGBACKREST_KEY, (pgBackRestKey().id() + "\n").getBytes(StandardCharsets.US_ASCII), false);
        } catch (IOException e) {
            throw new UncheckedIOException(PGBACKREST_KEY + " cannot be written: " + e.getMessage(), e);
        }
    }

    Path cluster() {
        return home.resolve("postgres");
    }

    /// Whether the backups lie on this machine, beside what they are to save.
    boolean beside() {
        return catalogue().target() instanceof DirectoryTarget;
    }

    @Override
    public synchronized void close() {
        if (catalogue != null) {
            catalogue.target().close();
            catalogue = null;
        }
    }
}
