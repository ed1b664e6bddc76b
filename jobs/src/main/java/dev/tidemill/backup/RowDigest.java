package dev.tidemill.backup;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.zip.CRC32C;

/// Counts rows in the binary form of COPY and sums a hash of each, so that two tables with the same rows in another
/// order have the same digest. The server sends each row as one message, the header before the first one.
final class RowDigest {

    static final byte[] SIGNATURE = {'P', 'G', 'C', 'O', 'P', 'Y', '\n', (byte) 0xff, '\r', '\n', 0};
    static final int HEADER = SIGNATURE.length + 8;

    private final CRC32C crc = new CRC32C();
    private boolean headerSeen;
    private long rows;
    private long sum;

    void message(byte[] message) throws IOException {
        int from = 0;
        if (!headerSeen) {
            if (message.length < HEADER
                    || !Arrays.equals(message, 0, SIGNATURE.length, SIGNATURE, 0, SIGNATURE.length)) {
                throw new IOException("the server sent no header of the binary form of COPY");
            }
            headerSeen = true;
            from = HEADER;
        }
        ByteBuffer buffer = ByteBuffer.wrap(message, from, message.length - from);
        while (buffer.remaining() >= 2) {
            int start = buffer.position();
            int fields = buffer.getShort();
            if (fields < 0) {
                break;
            }
            for (int i = 0; i < fields; i++) {
                int length = buffer.getInt();
                buffer.position(buffer.position() + Math.max(0, length));
            }
            row(message, start, buffer.position() - start);
        }
        if (buffer.hasRemaining()) {
            throw new IOException("the server sent half a row in one message");
        }
    }

    /// A row without its surroundings.
    void row(byte[] bytes, int offset, int length) {
        crc.reset();
        crc.update(bytes, offset, length);
        long mixed = ((crc.getValue() << 32) | (length & 0xffff_ffffL)) * 0x9e37_79b9_7f4a_7c15L;
        mixed = (mixed ^ (mixed >>> 32)) * 0xd6e8_feb8_6659_fd93L;
        sum += mixed ^ (mixed >>> 29);
        rows++;
    }

    long rows() {
        return rows;
    }

    String text() {
        return HexFormat.of().toHexDigits(sum);
    }

    /// The digest of rows that lie in several parts.
    static String sum(Iterable<String> digests) {
        long sum = 0;
        for (String digest : digests) {
            sum += digest.isEmpty() ? 0 : HexFormat.fromHexDigitsToLong(digest);
        }
        return HexFormat.of().toHexDigits(sum);
    }
}
