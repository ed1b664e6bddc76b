package dev.tidemill.transfer;

import java.io.DataOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/// Makes the items of a part out of rows, row by row: an item may have many, and is never in memory whole.
abstract class PartRows implements BinaryRows.Taker {

    final DataOutputStream out;
    long items;

    private PartRows(DataOutputStream out) {
        this.out = out;
    }

    /// After the last row.
    void end() throws IOException {}

    static byte[] field(byte[] @Nullable [] fields, int index) {
        return Objects.requireNonNull(fields[index]);
    }

    /// One line for each row.
    static final class Lines extends PartRows {
        Lines(DataOutputStream out) {
            super(out);
        }

        @Override
        public void take(byte[] @Nullable [] fields) throws IOException {
            out.write(field(fields, 0));
            out.write('\n');
            items++;
        }
    }

    /// A vector for each row.
    static final class Vectors extends PartRows {
        Vectors(DataOutputStream out) {
            super(out);
        }

        @Override
        public void take(byte[] @Nullable [] fields) throws IOException {
            byte[] vector = field(fields, 1);
            out.write(field(fields, 0));
            out.writeInt(vector.length);
            out.write(vector);
            items++;
        }
    }

    /// An original: its hash, its size, its bytes. The parts of one follow each other.
    static final class Originals extends PartRows {
        private byte[] current = new byte[0];

        Originals(DataOutputStream out) {
            super(out);
        }

        @Override
        public void take(byte[] @Nullable [] fields) throws IOException {
            byte[] hash = field(fields, 0);
            if (!Arrays.equals(hash, current)) {
                current = hash;
                out.write(hash);
                out.writeLong(ByteBuffer.wrap(field(fields, 1)).getLong());
                items++;
            }
            byte[] bytes = fields[2];
            if (bytes != null) {
                out.write(bytes);
            }
        }
    }

    /// A line for each document: the object of its first row, into which those of its texts and then those of its
    /// chunks
    /// go as lists.
    static final class Documents extends PartRows {
        private static final byte[] TEXTS = ascii(", \"texts\" : [");
        private static final byte[] CHUNKS = ascii("], \"chunks\" : [");
        private static final byte[] END = ascii("]}\n");

        private Place at = Place.BETWEEN;

        /// Where in a line it is.
        private enum Place {
            DOCUMENT,
            TEXTS,
            CHUNKS,
            BETWEEN;

            /// By the number that the statement gives a row.
            static Place of(int kind) {
                return switch (kind) {
                    case 0 -> DOCUMENT;
                    case 1 -> TEXTS;
                    case 2 -> CHUNKS;
                    default -> throw new IllegalStateException("a row of a document of the kind " + kind);
                };
            }
        }

        Documents(DataOutputStream out) {
            super(out);
        }

        private static byte[] ascii(String text) {
            return text.getBytes(StandardCharsets.US_ASCII);
        }

        @Override
        public void take(byte[] @Nullable [] fields) throws IOException {
            Place next = Place.of(ByteBuffer.wrap(field(fields, 0)).getInt());
            byte[] object = field(fields, 1);
            if (next == Place.DOCUMENT) {
                end();
                // Without its closing brace.
                out.write(object, 0, object.length - 1);
                at = Place.DOCUMENT;
                items++;
                return;
            }
            if (at == next) {
                out.write(',');
            }
            goOnTo(next);
            out.write(object);
        }

        private void goOnTo(Place next) throws IOException {
            if (at == Place.DOCUMENT) {
                out.write(TEXTS);
                at = Place.TEXTS;
            }
            if (at == Place.TEXTS && next == Place.CHUNKS) {
                out.write(CHUNKS);
                at = Place.CHUNKS;
            }
        }

        @Override
        void end() throws IOException {
            if (at != Place.BETWEEN) {
                goOnTo(Place.CHUNKS);
                out.write(END);
                at = Place.BETWEEN;
            }
        }
    }
}
