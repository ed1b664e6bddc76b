package dev.tidemill.transfer;

import dev.tidemill.run.InvalidParameter;
import dev.tidemill.seal.Ciphers;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.util.Base64;
import javax.crypto.SecretKey;

/// How a passphrase opens an encrypted file: the entry `lock.json`. Nothing in it is secret.
///
/// @param format always `tidemill-sealed-project`
/// @param version of the format
/// @param kdf what makes a key of the passphrase
/// @param salt in base64
/// @param key that the other entries are encrypted with, encrypted with the passphrase's: base64 of
///     nonce and AES-256-GCM
record Lock(String format, int version, String kdf, int iterations, String salt, String key) {

    static final String FORMAT = "tidemill-sealed-project";
    static final String ENTRY = "lock.json";
    private static final int ITERATIONS = 600_000;
    private static final int MOST_ITERATIONS = 20_000_000;

    static Lock make(Passphrase passphrase) {
        byte[] salt = Ciphers.random(16);
        SecretKey by = Ciphers.ofPassphrase(passphrase.value(), salt, ITERATIONS);
        return new Lock(
                FORMAT,
                Manifest.VERSION,
                Ciphers.PASSPHRASE_KDF,
                ITERATIONS,
                Base64.getEncoder().encodeToString(salt),
                Ciphers.wrap(Ciphers.newDataKey(), by, FORMAT));
    }

    /// The key of the other entries.
    ///
    /// @param file for messages
    /// @throws InvalidParameter when it is another passphrase
    SecretKey open(Passphrase passphrase, Path file) {
        if (!FORMAT.equals(format)
                || !Ciphers.PASSPHRASE_KDF.equals(kdf)
                || iterations < 1
                || iterations > MOST_ITERATIONS) {
            throw new InvalidParameter("file", file + " is encrypted in a way that this program does not know");
        }
        if (version > Manifest.VERSION) {
            throw new InvalidParameter("file", Archive.newer(file, version));
        }
        try {
            SecretKey by =
                    Ciphers.ofPassphrase(passphrase.value(), Base64.getDecoder().decode(salt), iterations);
            return Ciphers.unwrap(key, by, FORMAT);
        } catch (GeneralSecurityException | IllegalArgumentException e) {
            throw new InvalidParameter(
                    Passphrase.PARAMETER,
                    file + " does not open with the " + passphrase + ": it was encrypted with another one, or its "
                            + ENTRY + " is damaged");
        }
    }
}
