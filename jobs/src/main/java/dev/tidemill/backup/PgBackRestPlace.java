package dev.tidemill.backup;

import dev.tidemill.backup.BackupProperties.Kind;
import dev.tidemill.postgres.PgBackRestRepository;
import dev.tidemill.postgres.PgBackRestRepository.Bucket;
import dev.tidemill.postgres.PgBackRestRepository.Credentials;
import dev.tidemill.postgres.PgBackRestRepository.Folder;
import java.net.URI;
import java.nio.file.Path;
import java.util.function.UnaryOperator;
import java.util.regex.Pattern;
import software.amazon.awssdk.auth.credentials.AwsCredentials;
import software.amazon.awssdk.auth.credentials.AwsSessionCredentials;
import software.amazon.awssdk.auth.credentials.DefaultCredentialsProvider;
import software.amazon.awssdk.core.exception.SdkClientException;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.regions.providers.DefaultAwsRegionProviderChain;

/// Finds out where pgBackRest keeps its backups: beside ours, in a folder or in the same bucket.
final class PgBackRestPlace {

    private static final String SUFFIX = "pgbackrest";
    private static final Pattern SLASHES = Pattern.compile("^/+|/+$");

    private final BackupProperties properties;
    private final UnaryOperator<String> environment;

    /// @param environment a variable's value, empty for none
    PgBackRestPlace(BackupProperties properties, UnaryOperator<String> environment) {
        this.properties = properties;
        this.environment = environment;
    }

    /// @param target of the other backups
    /// @param folder of the other backups, where they are kept in one
    PgBackRestRepository find(Target target, Path folder) {
        Kind kind = properties.pgbackrest().repository();
        boolean bucket = switch (kind) {
            case AUTO -> target instanceof S3Target;
            case DIRECTORY -> false;
            case S3 -> true;
        };
        if (bucket) {
            return bucket();
        }
        String named = properties.pgbackrest().directory();
        return new Folder(
                named.isBlank() ? folder.resolveSibling(folder.getFileName() + "-" + SUFFIX) : Path.of(named));
    }

    private Bucket bucket() {
        BackupProperties.S3 s3 = properties.s3();
        String bucket = or(s3.bucket(), "S3_BACKUP_BUCKET");
        if (bucket.isBlank()) {
            throw new IllegalStateException(
                    "backup.pgbackrest.repository is s3, and no bucket is named: set backup.s3.bucket or"
                            + " S3_BACKUP_BUCKET");
        }
        String endpoint = or(or(s3.endpoint(), "AWS_ENDPOINT_URL_S3"), "AWS_ENDPOINT_URL");
        String region = region(s3.region(), !endpoint.isBlank());
        String prefix = SLASHES.matcher(s3.prefix()).replaceAll("");
        return new Bucket(
                bucket,
                prefix.isEmpty() ? SUFFIX : prefix + "-" + SUFFIX,
                URI.create(endpoint.isBlank() ? "https://s3." + region + ".amazonaws.com" : endpoint),
                region,
                s3.pathStyle(),
                properties.pgbackrest().verifyTls(),
                properties.pgbackrest().caFile(),
                switch (properties.pgbackrest().credentials()) {
                    case KEYS -> keys();
                    case ROLE -> new Credentials.Role();
                });
    }

    /// Other stores than AWS do not care.
    private static String region(String set, boolean other) {
        if (!set.isBlank() || other) {
            return set.isBlank() ? Region.US_EAST_1.id() : set;
        }
        try {
            return DefaultAwsRegionProviderChain.builder().build().getRegion().id();
        } catch (SdkClientException e) {
            throw new IllegalStateException(
                    "pgBackRest has to know the region of the bucket: set backup.s3.region or AWS_REGION", e);
        }
    }

    private static Credentials keys() {
        try (DefaultCredentialsProvider provider =
                DefaultCredentialsProvider.builder().build()) {
            AwsCredentials found = provider.resolveCredentials();
            return new Credentials.Keys(
                    found.accessKeyId(),
                    found.secretAccessKey(),
                    found instanceof AwsSessionCredentials session ? session.sessionToken() : null);
        } catch (SdkClientException e) {
            throw new IllegalStateException(
                    "there are no credentials for pgBackRest's bucket: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY,"
                            + " or backup.pgbackrest.credentials: role where the machine has one",
                    e);
        }
    }

    private String or(String set, String variable) {
        return set.isBlank() ? environment.apply(variable) : set;
    }
}
