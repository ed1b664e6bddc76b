package dev.tidemill.seal;

import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.SecureRandom;
import java.util.Arrays;
import java.util.Base64;
import javax.crypto.Cipher;
import javax.crypto.KDF;
import javax.crypto.SecretKey;
import javax.crypto.SecretKeyFactory;
import javax.crypto.spec.GCMParameterSpec;
import javax.crypto.spec.HKDFParameterSpec;
import javax.crypto.spec.PBEKeySpec;
import javax.crypto.spec.SecretKeySpec;

/// The one cipher that is used, and its keys.
public final class Ciphers {

    /// Of a key.
    public static final int KEY_BYTES = 32;

    /// What makes a key of a passphrase.
    public static final String PASSPHRASE_KDF = "PBKDF2WithHmacSHA256";

    private static final int NONCE = 12;

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

    /// A key out of what a person or an operator has, by PBKDF2 with HMAC-SHA256.
    public static SecretKey ofPassphrase(char[] passphrase, byte[] salt, int iterations) {
        PBEKeySpec spec = new PBEKeySpec(passphrase, salt, iterations, KEY_BYTES * 8);
        try {
            return new SecretKeySpec(
                    SecretKeyFactory.getInstance(PASSPHRASE_KDF)
                            .generateSecret(spec)
                            .getEncoded(),
                    "AES");
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("this Java has no " + PASSPHRASE_KDF + ": " + e.getMessage(), e);
        } finally {
            spec.clearPassword();
        }
    }

    /// A data key locked with another key.
    ///
    /// @param place where it is kept, without which it does not open
    /// @return nonce and AES-256-GCM, in base64
    public static String wrap(SecretKey dataKey, SecretKey by, String place) {
        try {
            byte[] nonce = random(NONCE);
            Cipher cipher = gcm();
            cipher.init(Cipher.ENCRYPT_MODE, by, new GCMParameterSpec(128, nonce));
            cipher.updateAAD(place.getBytes(StandardCharsets.UTF_8));
            byte[] sealed = cipher.doFinal(dataKey.getEncoded());
            byte[] both = Arrays.copyOf(nonce, NONCE + sealed.length);
            System.arraycopy(sealed, 0, both, NONCE, sealed.length);
            return Base64.getEncoder().encodeToString(both);
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("a data key cannot be encrypted: " + e.getMessage(), e);
        }
    }

    /// What [#wrap] locked.
    ///
    /// @throws GeneralSecurityException when it is another key or another place, or it was changed
    public static SecretKey unwrap(String wrapped, SecretKey by, String place) throws GeneralSecurityException {
        try {
            byte[] bytes = Base64.getDecoder().decode(wrapped);
            Cipher cipher = gcm();
            cipher.init(Cipher.DECRYPT_MODE, by, new GCMParameterSpec(128, bytes, 0, Math.min(NONCE, bytes.length)));
            cipher.updateAAD(place.getBytes(StandardCharsets.UTF_8));
            return new SecretKeySpec(cipher.doFinal(bytes, NONCE, Math.max(0, bytes.length - NONCE)), "AES");
        } catch (IllegalArgumentException e) {
            throw new GeneralSecurityException("no locked key: " + e.getMessage(), e);
        }
    }

    public static byte[] random(int bytes) {
        byte[] random = new byte[bytes];
        new SecureRandom().nextBytes(random);
        return random;
    }
}
