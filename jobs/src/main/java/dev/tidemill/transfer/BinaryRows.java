package dev.tidemill.transfer;

import java.io.BufferedInputStream;
import java.io.DataInputStream;
import java.io.IOException;
import java.sql.Connection;
import java.sql.SQLException;
import org.jspecify.annotations.Nullable;
import org.postgresql.PGConnection;
import org.postgresql.copy.PGCopyInputStream;

/// Streams what a query finds as `COPY` gives it in PostgreSQL's binary format (documented under
/// COPY, "Binary Format"):
/// without a cursor's round trips, and with bytes as bytes. Memory does not grow with the rows.
final class BinaryRows {

    private static final int SIGNATURE = 11;

    private BinaryRows() {}

    /// Takes a row. Fields are null where the value is.
    interface Taker {
        void take(byte[] @Nullable [] fields) throws IOException;
    }

    /// @param query without parameters
    static void stream(Connection connection, String query, Taker taker) throws SQLException, IOException {
        try (DataInputStream in = new DataInputStream(new BufferedInputStream(
                new PGCopyInputStream(
                        connection.unwrap(PGConnection.class), "COPY (" + query + ") TO STDOUT (FORMAT binary)"),
                1 << 16))) {
            in.skipNBytes(SIGNATURE + Integer.BYTES);
            in.skipNBytes(in.readInt());
            for (int count = in.readShort(); count >= 0; count = in.readShort()) {
                byte[] @Nullable [] fields = new byte[count][];
                for (int i = 0; i < count; i++) {
                    int length = in.readInt();
                    if (length >= 0) {
                        byte[] bytes = new byte[length];
                        in.readFully(bytes);
                        fields[i] = bytes;
                    }
                }
                taker.take(fields);
            }
            // To the end, or closing would cancel what is over.
            if (in.read() >= 0) {
                throw new IOException("COPY went on after its end");
            }
        }
    }
}
