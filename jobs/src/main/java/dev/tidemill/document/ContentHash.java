package dev.tidemill.document;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.UUID;

/// SHA-256 of bytes, as a value.
public record ContentHash(String hex) {

    public ContentHash {
        if (hex.length() != 64) {
            throw new IllegalArgumentException("not a SHA-256 in hexadecimal: " + hex);
        }
    }

    public static ContentHash of(byte[] bytes) {
        return ofDigest(sha256().digest(bytes));
    }

    public static ContentHash of(String text) {
        return of(text.getBytes(StandardCharsets.UTF_8));
    }

    public static ContentHash ofDigest(byte[] digest) {
        return new ContentHash(HexFormat.of().formatHex(digest));
    }

    public byte[] bytes() {
        return HexFormat.of().parseHex(hex);
    }

    /// The first 128 bits as a UUID: the key of a text's vector. 128 bits of a SHA-256 do not collide in practice.
    public UUID toUuid() {
        ByteBuffer buffer = ByteBuffer.wrap(bytes());
        return new UUID(buffer.getLong(), buffer.getLong());
    }

    public static MessageDigest sha256() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("this Java runtime has no SHA-256", e);
        }
    }
}
