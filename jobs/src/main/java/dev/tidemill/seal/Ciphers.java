package dev.tidemill.seal;

import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.SecureRandom;
import javax.crypto.Cipher;
import javax.crypto.KDF;
import javax.crypto.SecretKey;
import javax.crypto.spec.HKDFParameterSpec;
import javax.crypto.spec.SecretKeySpec;

/// The one cipher that is used, and its keys.
public final class Ciphers {

    /// Of a key.
    public static final int KEY_BYTES = 32;

    private Ciphers() {}

    /// AES-256-GCM.
    public static Cipher gcm() {
        try {
            return Cipher.getInstance("AES/GCM/NoPadding");
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("this Java has no AES-GCM: " + e.getMessage(), e);
        }
    }

    /// A key that serves one purpose only.
    public static SecretKey derive(SecretKey from, byte[] salt, String purpose) {
        try {
            return KDF.getInstance("HKDF-SHA256")
                    .deriveKey(
                            "AES",
                            HKDFParameterSpec.ofExtract()
                                    .addIKM(from)
                                    .addSalt(salt)
                                    .thenExpand(purpose.getBytes(StandardCharsets.UTF_8), KEY_BYTES));
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("this Java has no HKDF-SHA256: " + e.getMessage(), e);
        }
    }

    /// A random key for one backup or one file.
    public static SecretKey newDataKey() {
        return new SecretKeySpec(random(KEY_BYTES), "AES");
    }

    public static byte[] random(int bytes) {
        byte[] random = new byte[bytes];
        new SecureRandom().nextBytes(random);
        return random;
    }
}
