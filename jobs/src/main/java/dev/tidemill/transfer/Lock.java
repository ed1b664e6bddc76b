package dev.tidemill.transfer;

import dev.tidemill.run.InvalidParameter;
import dev.tidemill.seal.Ciphers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.util.Arrays;
import java.util.Base64;
import javax.crypto.Cipher;
import javax.crypto.SecretKey;
import javax.crypto.SecretKeyFactory;
import javax.crypto.spec.GCMParameterSpec;
import javax.crypto.spec.PBEKeySpec;
import javax.crypto.spec.SecretKeySpec;

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
    private static final String KDF = "PBKDF2WithHmacSHA256";
    private static final int ITERATIONS = 600_000;
    private static final int MOST_ITERATIONS = 20_000_000;
    private static final int NONCE = 12;

    static Lock make(Passphrase passphrase) {
        byte[] salt = Ciphers.random(16);
        byte[] nonce = Ciphers.random(NONCE);
        try {
            Cipher cipher = Ciphers.gcm();
            cipher.init(Cipher.ENCRYPT_MODE, key(passphrase, salt, ITERATIONS), new GCMParameterSpec(128, nonce));
            cipher.updateAAD(FORMAT.getBytes(StandardCharsets.UTF_8));
            byte[] sealed = cipher.doFinal(Ciphers.newDataKey().getEncoded());
            byte[] both = Arrays.copyOf(nonce, NONCE + sealed.length);
            System.arraycopy(sealed, 0, both, NONCE, sealed.length);
            Base64.Encoder base64 = Base64.getEncoder();
            return new Lock(
                    FORMAT,
                    Manifest.VERSION,
                    KDF,
                    ITERATIONS,
                    base64.encodeToString(salt),
                    base64.encodeToString(both));
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("a data key cannot be encrypted: " + e.getMessage(), e);
        }
    }

    /// The key of the other entries.
    ///
    /// @param file for messages
    /// @throws InvalidParameter when it is another passphrase
    SecretKey open(Passphrase passphrase, Path file) {
        if (!FORMAT.equals(format) || !KDF.equals(kdf) || iterations < 1 || iterations > MOST_ITERATIONS) {
            throw new InvalidParameter("file", file + " is encrypted in a way that this program does not know");
        }
        if (version > Manifest.VERSION) {
            throw new InvalidParameter("file", Archive.newer(file, version));
        }
        try {
            byte[] bytes = Base64.getDecoder().decode(key);
            Cipher cipher = Ciphers.gcm();
            cipher.init(
                    Cipher.DECRYPT_MODE,
                    key(passphrase, Base64.getDecoder().decode(salt), iterations),
                    new GCMParameterSpec(128, bytes, 0, Math.min(NONCE, bytes.length)));
            cipher.updateAAD(FORMAT.getBytes(StandardCharsets.UTF_8));
            return new SecretKeySpec(cipher.doFinal(bytes, NONCE, Math.max(0, bytes.length - NONCE)), "AES");
        } catch (GeneralSecurityException | IllegalArgumentException e) {
            throw new InvalidParameter(
                    Passphrase.PARAMETER,
                    file + " does not open with the " + passphrase + ": it was encrypted with another one, or its "
                            + ENTRY + " is damaged");
        }
    }

    private static SecretKey key(Passphrase passphrase, byte[] salt, int iterations) throws GeneralSecurityException {
        PBEKeySpec spec = new PBEKeySpec(passphrase.value(), salt, iterations, Ciphers.KEY_BYTES * 8);
        try {
            return new SecretKeySpec(
                    SecretKeyFactory.getInstance(KDF).generateSecret(spec).getEncoded(), "AES");
        } finally {
            spec.clearPassword();
        }
    }
}
