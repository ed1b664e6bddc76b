package dev.tidemill.backup;

import dev.tidemill.postgres.PgBackRest;
import java.nio.file.Path;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/// Where this installation keeps its backups, and the keys to them. Neither is touched before it is needed: a server
/// that makes no backups makes no key.
final class Depot implements AutoCloseable {

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
        return new DirectoryTarget(
                properties.directory().isBlank() ? home.resolve("backups") : Path.of(properties.directory()));
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

    /// pgBackRest for the private cluster, its repository in the folder of the backups, locked with a key made of the
    /// installation's.
    ///
    /// @param cluster data folder of the private cluster
    PgBackRest pgBackRest(@Nullable Path cluster, @Nullable String password) {
        if (cluster == null || password == null) {
            throw new IllegalStateException("backup.engine pgbackrest is for the private cluster: a PostgreSQL of your"
                    + " own has a pgBackRest of its own");
        }
        if (!(catalogue().target() instanceof DirectoryTarget)) {
            throw new IllegalStateException("backup.engine pgbackrest keeps its repository in a folder: name one with"
                    + " backup.directory and set backup.target to directory");
        }
        Path folder = properties.directory().isBlank() ? home.resolve("backups") : Path.of(properties.directory());
        return PgBackRest.of(
                cluster,
                folder.resolveSibling(folder.getFileName() + "-pgbackrest"),
                password,
                Keys.mac(catalogue().keys().current().secret(), "pgbackrest", new byte[0]));
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
