package dev.tidemill.store;

import java.io.BufferedOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.postgresql.PGConnection;
import org.postgresql.copy.PGCopyOutputStream;

/// Writes rows with COPY in PostgreSQL's binary format (documented under COPY, "Binary Format"). Row by
/// row: memory does not grow with the number of rows. Close it to finish the COPY; anything but a clean
/// close makes the transaction fail.
final class BinaryCopy implements AutoCloseable {

    private static final byte[] SIGNATURE = {'P', 'G', 'C', 'O', 'P', 'Y', '\n', (byte) 0xff, '\r', '\n', 0};
    private static final int TEXT_OID = 25;

    private final DataOutputStream out;

    BinaryCopy(Connection connection, String tableAndColumns) throws SQLException, IOException {
        PGCopyOutputStream copy = new PGCopyOutputStream(
                connection.unwrap(PGConnection.class), "COPY " + tableAndColumns + " FROM STDIN (FORMAT binary)");
        out = new DataOutputStream(new BufferedOutputStream(copy, 1 << 16));
        out.write(SIGNATURE);
        out.writeInt(0);
        out.writeInt(0);
    }

    BinaryCopy row(int fields) throws IOException {
        out.writeShort(fields);
        return this;
    }

    BinaryCopy uuid(UUID value) throws IOException {
        out.writeInt(16);
        out.writeLong(value.getMostSignificantBits());
        out.writeLong(value.getLeastSignificantBits());
        return this;
    }

    BinaryCopy int8(@Nullable Long value) throws IOException {
        if (value == null) {
            out.writeInt(-1);
        } else {
            out.writeInt(8);
            out.writeLong(value);
        }
        return this;
    }

    BinaryCopy int4(@Nullable Integer value) throws IOException {
        if (value == null) {
            out.writeInt(-1);
        } else {
            out.writeInt(4);
            out.writeInt(value);
        }
        return this;
    }

    BinaryCopy text(String value) throws IOException {
        return bytes(value.getBytes(StandardCharsets.UTF_8));
    }

    BinaryCopy bytes(byte[] value) throws IOException {
        out.writeInt(value.length);
        out.write(value);
        return this;
    }

    BinaryCopy texts(List<String> values) throws IOException {
        List<byte[]> encoded =
                values.stream().map(v -> v.getBytes(StandardCharsets.UTF_8)).toList();
        int header = values.isEmpty() ? 12 : 20;
        out.writeInt(header + encoded.stream().mapToInt(b -> b.length + 4).sum());
        out.writeInt(values.isEmpty() ? 0 : 1);
        out.writeInt(0);
        out.writeInt(TEXT_OID);
        if (!values.isEmpty()) {
            out.writeInt(values.size());
            out.writeInt(1);
        }
        for (byte[] value : encoded) {
            out.writeInt(value.length);
            out.write(value);
        }
        return this;
    }

    /// pgvector's halfvec: dimensions, an unused word, then IEEE 754 half floats.
    BinaryCopy halfvec(float[] value) throws IOException {
        out.writeInt(4 + 2 * value.length);
        out.writeShort(value.length);
        out.writeShort(0);
        for (float f : value) {
            out.writeShort(Float.floatToFloat16(f));
        }
        return this;
    }

    /// pgvector's vector: dimensions, an unused word, then IEEE 754 floats.
    BinaryCopy vector(float[] value) throws IOException {
        out.writeInt(4 + 4 * value.length);
        out.writeShort(value.length);
        out.writeShort(0);
        for (float f : value) {
            out.writeFloat(f);
        }
        return this;
    }

    /// A null.
    BinaryCopy nothing() throws IOException {
        out.writeInt(-1);
        return this;
    }

    @Override
    public void close() throws IOException {
        out.writeShort(-1);
        out.close();
    }
}
