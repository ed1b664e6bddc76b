package dev.tidemill.transfer;

import dev.tidemill.document.ContentHash;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/// The items of the parts of an exported file.
final class Formats {

    private static final int HASH_BYTES = 32;

    /// What an original may have at most: the same as an upload.
    private static final int LARGEST_ORIGINAL = 1 << 30;

    private static final int LARGEST_VECTOR = 4 + 4 * 16_000;

    private Formats() {}

    /// An original.
    @SuppressWarnings("ArrayRecordComponent") // never compared
    record Original(ContentHash hash, byte[] bytes) {}

    /// A vector for a text.
    @SuppressWarnings("ArrayRecordComponent") // never compared
    record Vector(UUID contentId, float[] values) {}

    static PartReader.Format<ImportedDocument> documents() {
        return in -> {
            String line = line(in);
            return line == null ? null : JsonMapper.shared().readValue(line, ImportedDocument.class);
        };
    }

    static PartReader.Format<JsonNode> questions() {
        return in -> {
            String line = line(in);
            return line == null ? null : JsonMapper.shared().readTree(line);
        };
    }

    private static @Nullable String line(InputStream in) throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream(1024);
        int b = in.read();
        if (b < 0) {
            return null;
        }
        while (b >= 0 && b != '\n') {
            bytes.write(b);
            b = in.read();
        }
        return bytes.toString(StandardCharsets.UTF_8);
    }

    static PartReader.Format<Original> originals() {
        return in -> {
            byte[] hash = in.readNBytes(HASH_BYTES);
            if (hash.length == 0) {
                return null;
            }
            DataInputStream data = new DataInputStream(in);
            long size = data.readLong();
            if (hash.length < HASH_BYTES || size < 0 || size > LARGEST_ORIGINAL) {
                throw new EOFException();
            }
            byte[] bytes = new byte[(int) size];
            data.readFully(bytes);
            return new Original(ContentHash.ofDigest(hash), bytes);
        };
    }

    /// Vectors by the id of their text.
    ///
    /// @param type as the manifest names it: halfvec or vector
    static PartReader.Format<Vector> vectors(String type) {
        return in -> {
            byte[] id = in.readNBytes(16);
            if (id.length == 0) {
                return null;
            }
            DataInputStream data = new DataInputStream(in);
            int length = data.readInt();
            if (id.length < 16 || length < 4 || length > LARGEST_VECTOR) {
                throw new EOFException();
            }
            byte[] bytes = new byte[length];
            data.readFully(bytes);
            ByteBuffer key = ByteBuffer.wrap(id);
            return new Vector(new UUID(key.getLong(), key.getLong()), values(bytes, type));
        };
    }

    /// As pgvector sends them: dimensions, an unused word, then the values.
    private static float[] values(byte[] bytes, String type) {
        ByteBuffer buffer = ByteBuffer.wrap(bytes);
        float[] values = new float[buffer.getShort()];
        buffer.getShort();
        for (int i = 0; i < values.length; i++) {
            values[i] = type.equals("vector") ? buffer.getFloat() : Float.float16ToFloat(buffer.getShort());
        }
        return values;
    }
}
