package dev.tidemill.postgres;

import java.net.URI;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// Where pgBackRest keeps backups and the log.
public sealed interface PgBackRestRepository {

    /// What its configuration says of it, secrets included.
    Map<String, String> settings();

    /// For people: no secret in it.
    String description();

    /// A folder on this machine.
    record Folder(Path path) implements PgBackRestRepository {

        public Folder {
            path = path.toAbsolutePath().normalize();
        }

        @Override
        public Map<String, String> settings() {
            return Map.of("repo1-path", path.toString());
        }

        @Override
        public String description() {
            return path.toString();
        }
    }

    /// How pgBackRest shows who it is to a store.
    sealed interface Credentials {

        /// Keys that are written down for it.
        ///
        /// @param token of keys that are lent for a while, null for others
        record Keys(String id, String secret, @Nullable String token) implements Credentials {

            /// Without the secret.
            @Override
            public String toString() {
                return "keys " + id;
            }
        }

        /// The role of the machine, asked for by pgBackRest itself.
        record Role() implements Credentials {}
    }

    /// A bucket of an S3-compatible store, which pgBackRest reaches over https alone.
    ///
    /// @param folder in the bucket, without a slash at its ends
    /// @param endpoint with `https://`
    /// @param pathStyle bucket in the path instead of the host name
    /// @param verifyTls off for a store whose certificate nobody signed
    /// @param caFile certificates that sign the store's, empty for the system's
    record Bucket(
            String bucket,
            String folder,
            URI endpoint,
            String region,
            boolean pathStyle,
            boolean verifyTls,
            String caFile,
            Credentials credentials)
            implements PgBackRestRepository {

        public Bucket {
            if (!"https".equals(endpoint.getScheme()) || endpoint.getHost() == null) {
                throw new IllegalArgumentException("pgBackRest speaks to stores over https alone, and the endpoint is "
                        + endpoint + ": name one with https://, or keep its repository in a folder with"
                        + " backup.pgbackrest.repository: directory");
            }
        }

        @Override
        public Map<String, String> settings() {
            Map<String, String> settings = new LinkedHashMap<>();
            settings.put("repo1-type", "s3");
            settings.put("repo1-path", "/" + folder);
            // A request for each of a thousand small files would take most of the time.
            settings.put("repo1-bundle", "y");
            settings.put("repo1-s3-bucket", bucket);
            settings.put("repo1-s3-endpoint", endpoint.getHost());
            settings.put("repo1-s3-region", region);
            settings.put("repo1-s3-uri-style", pathStyle ? "path" : "host");
            settings.put("repo1-storage-port", Integer.toString(endpoint.getPort() < 0 ? 443 : endpoint.getPort()));
            settings.put("repo1-storage-verify-tls", verifyTls ? "y" : "n");
            if (!caFile.isEmpty()) {
                settings.put("repo1-storage-ca-file", caFile);
            }
            switch (credentials) {
                case Credentials.Keys keys -> {
                    settings.put("repo1-s3-key", keys.id());
                    settings.put("repo1-s3-key-secret", keys.secret());
                    if (keys.token() != null) {
                        settings.put("repo1-s3-token", keys.token());
                    }
                }
                case Credentials.Role role -> settings.put("repo1-s3-key-type", "auto");
            }
            return settings;
        }

        @Override
        public String description() {
            return "bucket " + bucket + " under " + folder;
        }
    }
}
