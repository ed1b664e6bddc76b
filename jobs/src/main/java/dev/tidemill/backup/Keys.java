package dev.tidemill.backup;

import dev.tidemill.document.ContentHash;
import dev.tidemill.seal.Ciphers;
import dev.tidemill.seal.SecretFile;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.HexFormat;
import java.util.List;
import javax.crypto.Mac;
import javax.crypto.SecretKey;
import javax.crypto.spec.SecretKeySpec;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// The keys that backups are locked with. Each backup has a random data key of its own, which lies in its manifest,
/// encrypted with one of these; a manifest says which by its id, which gives nothing of the key away.
final class Keys {

    private static final Logger log = LoggerFactory.getLogger(Keys.class);
    private static final int ITERATIONS = 600_000;
    private static final int SHORTEST_SECRET = 16;
    private static final byte[] SECRET_SALT = "tidemill backup key".getBytes(StandardCharsets.UTF_8);

    /// A key that data keys are wrapped with.
    ///
    /// @param from where it was found, for messages
    record Key(String id, SecretKey secret, String from) {

        static Key of(byte[] bytes, String from) {
            byte[] hash = ContentHash.sha256()
                    .digest(concat("tidemill backup key id".getBytes(StandardCharsets.UTF_8), bytes));
            return new Key(HexFormat.of().formatHex(hash, 0, 8), new SecretKeySpec(bytes, "AES"), from);
        }

        /// Without the key.
        @Override
        public String toString() {
            return "key " + id + " from " + from;
        }
    }

    /// A data key as it lies in a manifest.
    ///
    /// @param keyId of the key that opens it
    /// @param wrapped base64 of nonce and AES-256-GCM
    record Wrapped(String keyId, String wrapped) {}

    private final List<Key> keys;

    private Keys(List<Key> keys) {
        this.keys = List.copyOf(keys);
    }

    /// @param secret text of `SECRET_KEY`, blank for none
    /// @param file of the key for new backups, made where neither it nor a secret is there
    /// @param older files of keys of earlier backups
    static Keys load(String secret, Path file, boolean named, List<Path> older) {
        List<Key> keys = new ArrayList<>();
        if (Files.exists(file) || named) {
            keys.add(read(file));
        }
        if (!secret.isBlank()) {
            keys.add(ofSecret(secret));
        }
        if (keys.isEmpty()) {
            keys.add(make(file));
        }
        older.forEach(each -> keys.add(read(each)));
        return new Keys(keys);
    }

    private static Key read(Path file) {
        try {
            byte[] bytes = Base64.getDecoder().decode(Files.readString(file).strip());
            if (bytes.length == Ciphers.KEY_BYTES) {
                return Key.of(bytes, file.toString());
            }
            throw new IllegalArgumentException(bytes.length + " bytes");
        } catch (IllegalArgumentException e) {
            throw new IllegalStateException(
                    "the backup key file " + file + " does not hold 32 bytes in base64: put the key back, or make one"
                            + " with: openssl rand -base64 32",
                    e);
        } catch (IOException e) {
            throw new UncheckedIOException("the backup key file " + file + " cannot be read: " + e.getMessage(), e);
        }
    }

    private static Key make(Path file) {
        byte[] bytes = Ciphers.random(Ciphers.KEY_BYTES);
        try {
            SecretFile.create(file, Base64.getEncoder().encodeToString(bytes) + "\n");
            log.warn("made the backup key {}: keep a copy of it elsewhere, without it no backup can be restored", file);
            return Key.of(bytes, file.toString());
        } catch (FileAlreadyExistsException e) {
            return read(file);
        } catch (IOException e) {
            throw new UncheckedIOException("the backup key file " + file + " cannot be made: " + e.getMessage(), e);
        }
    }

    private static Key ofSecret(String secret) {
        if (secret.length() < SHORTEST_SECRET) {
            throw new IllegalStateException("SECRET_KEY has " + secret.length() + " characters: use at least "
                    + SHORTEST_SECRET + ", or name a key file with backup.key-file");
        }
        return Key.of(
                Ciphers.ofPassphrase(secret.toCharArray(), SECRET_SALT, ITERATIONS)
                        .getEncoded(),
                "SECRET_KEY");
    }

    /// The key for new backups.
    Key current() {
        return keys.getFirst();
    }

    Wrapped wrap(SecretKey dataKey, String backup) {
        return new Wrapped(current().id(), Ciphers.wrap(dataKey, current().secret(), backup));
    }

    boolean has(String keyId) {
        return keys.stream().anyMatch(key -> key.id().equals(keyId));
    }

    /// @throws BackupDamaged when this installation does not have the key
    Key byId(String keyId, String what) {
        return keys.stream()
                .filter(key -> key.id().equals(keyId))
                .findFirst()
                .orElseThrow(() -> new BackupDamaged(what + " is locked with the key " + keyId
                        + ", and this installation has " + keys + ": name the file of that key with"
                        + " backup.older-key-files, or set the SECRET_KEY of that time"));
    }

    /// @throws BackupDamaged when this installation does not have the key, or it does not open the data key
    SecretKey unwrap(Wrapped wrapped, String backup) {
        Key key = byId(wrapped.keyId(), "backup " + backup);
        try {
            return Ciphers.unwrap(wrapped.wrapped(), key.secret(), backup);
        } catch (GeneralSecurityException e) {
            throw new BackupDamaged(
                    "the data key of backup " + backup + " does not open with " + key
                            + ": its manifest is damaged, or the key is another one with the same id",
                    e);
        }
    }

    /// HMAC-SHA256 in hexadecimal.
    static String mac(SecretKey key, String purpose, byte[] content) {
        try {
            Mac mac = Mac.getInstance("HmacSHA256");
            mac.init(Ciphers.derive(key, new byte[0], purpose));
            return HexFormat.of().formatHex(mac.doFinal(content));
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("this Java has no HMAC-SHA256: " + e.getMessage(), e);
        }
    }

    private static byte[] concat(byte[] one, byte[] other) {
        byte[] both = Arrays.copyOf(one, one.length + other.length);
        System.arraycopy(other, 0, both, one.length, other.length);
        return both;
    }
}
