package dev.tidemill.transfer;

import dev.tidemill.document.ContentHash;
import dev.tidemill.store.VectorSet;
import dev.tidemill.transfer.PartReader.Weighed;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.MappingIterator;
import tools.jackson.databind.ObjectReader;
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
    ///
    /// @param place of its set in the manifest
    /// @param binary as pgvector sends and takes it
    @SuppressWarnings("ArrayRecordComponent") // never compared
    record Vector(int place, UUID contentId, byte[] binary) {}

    /// Text by text: the line of a large document never is in memory beside the document.
    static PartReader.Format<ImportedDocument> documents() {
        ObjectReader reader = JsonMapper.shared().readerFor(ImportedDocument.class);
        return in -> {
            MappingIterator<ImportedDocument> documents = reader.readValues(in);
            return () -> {
                if (!documents.hasNextValue()) {
                    return null;
                }
                ImportedDocument document = documents.nextValue();
                return new Weighed<>(document, document.weight());
            };
        };
    }

    static PartReader.Format<JsonNode> lines() {
        return in -> () -> {
            byte[] line = line(in);
            return line == null ? null : new Weighed<>(JsonMapper.shared().readTree(line), line.length);
        };
    }

    private static byte @Nullable [] line(InputStream in) throws IOException {
        int b = in.read();
        if (b < 0) {
            return null;
        }
        ByteArrayOutputStream bytes = new ByteArrayOutputStream(1024);
        while (b >= 0 && b != '\n') {
            bytes.write(b);
            b = in.read();
        }
        return bytes.toByteArray();
    }

    static PartReader.Format<Original> originals() {
        return in -> () -> {
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
            return new Weighed<>(new Original(ContentHash.ofDigest(hash), bytes), size);
        };
    }

    /// Vectors by the id of their text.
    ///
    /// @param place of their set in the manifest
    /// @param from what the file holds them as: halfvec or vector
    /// @param to what the set here holds them as
    static PartReader.Format<Vector> vectors(int place, String from, VectorSet.Type to) {
        VectorSet.Type type = VectorSet.Type.of(from);
        return in -> () -> {
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
            byte[] binary = type == to ? bytes : converted(bytes, to);
            return new Weighed<>(new Vector(place, new UUID(key.getLong(), key.getLong()), binary), binary.length);
        };
    }

    /// As pgvector sends them: dimensions, an unused word, then the values.
    private static byte[] converted(byte[] bytes, VectorSet.Type to) {
        ByteBuffer from = ByteBuffer.wrap(bytes);
        short dimensions = from.getShort();
        short unused = from.getShort();
        ByteBuffer into = ByteBuffer.allocate(4 + dimensions * to.bytes());
        into.putShort(dimensions).putShort(unused);
        for (int i = 0; i < dimensions; i++) {
            switch (to) {
                case VECTOR -> into.putFloat(Float.float16ToFloat(from.getShort()));
                case HALFVEC -> into.putShort(Float.floatToFloat16(from.getFloat()));
            }
        }
        return into.array();
    }
}
