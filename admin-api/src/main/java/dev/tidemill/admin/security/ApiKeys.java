package dev.tidemill.admin.security;

import dev.tidemill.seal.SecretFile;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import javax.sql.DataSource;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.jdbc.core.simple.JdbcClient;

/// API keys in the database, of which only their SHA-256 is kept.
public final class ApiKeys {

    private static final Logger log = LoggerFactory.getLogger(ApiKeys.class);

    private final JdbcClient jdbc;

    ApiKeys(JdbcClient jdbc) {
        this.jdbc = jdbc;
    }

    /// Whom a valid key stands for.
    public record Caller(String keyId, UUID workspaceId, List<String> scopes) {
        public Caller {
            scopes = List.copyOf(scopes);
        }
    }

    /// The caller of a key, empty when it is unknown, revoked or expired.
    Optional<Caller> find(String text) {
        return ApiKey.parse(text)
                .flatMap(key -> jdbc.sql("SELECT workspace_id, secret_hash, scopes FROM find_api_key(:id)")
                        .param("id", key.id())
                        .query((row, number) -> {
                            boolean same = MessageDigest.isEqual(row.getBytes("secret_hash"), key.hash());
                            List<String> scopes =
                                    List.of((String[]) row.getArray("scopes").getArray());
                            return same
                                    ? Optional.of(
                                            new Caller(key.id(), row.getObject("workspace_id", UUID.class), scopes))
                                    : Optional.<Caller>empty();
                        })
                        .optional()
                        .flatMap(found -> found));
    }

    /// Stores a key with the owner's rights: the server's own role may only look keys up.
    public static void store(DataSource owner, ApiKey key, UUID workspaceId, List<String> scopes, String description) {
        JdbcClient.create(owner)
                .sql("""
                        INSERT INTO api_keys (id, workspace_id, secret_hash, scopes, description)
                        VALUES (:id, :workspace, :hash, :scopes, :description) ON CONFLICT (id) DO NOTHING
                        """)
                .param("id", key.id())
                .param("workspace", workspaceId)
                .param("hash", key.hash())
                .param("scopes", scopes.toArray(String[]::new))
                .param("description", description)
                .update();
    }

    /// Makes the first key and writes it to a file that only its owner may read. A file that is there
    /// already is kept, and made known to the database: it may be a new database under an old data
    /// folder.
    static ApiKey ensureFirst(Path file, DataSource owner, UUID workspaceId) {
        try {
            ApiKey key = read(file).orElseGet(() -> create(file));
            store(owner, key, workspaceId, Scopes.ALL, "made at the first start");
            return key;
        } catch (IOException e) {
            throw new UncheckedIOException("cannot read the API key in " + file + ": " + e.getMessage(), e);
        }
    }

    private static Optional<ApiKey> read(Path file) throws IOException {
        if (!Files.exists(file)) {
            return Optional.empty();
        }
        return Optional.of(ApiKey.parse(Files.readString(file).strip())
                .orElseThrow(() -> new IllegalStateException(
                        file + " holds no API key: put the key back, or remove the file to get a new one")));
    }

    private static ApiKey create(Path file) {
        ApiKey key = ApiKey.generate();
        try {
            SecretFile.create(file, key.text() + "\n");
            log.info("made the API key {} in {}", key, file);
            return key;
        } catch (FileAlreadyExistsException e) {
            throw new IllegalStateException(file + " was just made by another process: start again", e);
        } catch (IOException e) {
            throw new UncheckedIOException("cannot write the API key to " + file + ": " + e.getMessage(), e);
        }
    }
}
