package dev.tidemill.backup;

import com.github.luben.zstd.ZstdInputStreamNoFinalizer;
import com.github.luben.zstd.ZstdOutputStreamNoFinalizer;
import dev.tidemill.document.ContentHash;
import dev.tidemill.seal.SealedInput;
import dev.tidemill.seal.SealedOutput;
import java.io.BufferedOutputStream;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.NoSuchFileException;
import java.security.DigestOutputStream;
import java.security.MessageDigest;
import java.util.HexFormat;
import javax.crypto.SecretKey;

/// The way of a part: zstd, sealed, hashed, written, and read back.
final class Parts {

    private static final int BUFFER = 1 << 16;

    private Parts() {}

    /// Gives the content of a part.
    interface Content {
        /// Writes it.
        ///
        /// @return how many rows
        long writeTo(OutputStream out) throws Exception;
    }

    /// What became of a part.
    record Written(long rows, long rawBytes, long bytes, String sha256) {}

    /// Writes a part and reads it back: what the target then has is what was hashed on the way there.
    ///
    /// @param sealedName under which alone it can be opened
    static Written write(Target target, String path, String sealedName, SecretKey dataKey, int level, Content content)
            throws Exception {
        MessageDigest sha256 = ContentHash.sha256();
        Written written;
        try (Target.Upload upload = target.create(path)) {
            Counting sent = new Counting(new DigestOutputStream(upload, sha256));
            SealedOutput sealed = new SealedOutput(new NotClosing(sent), dataKey, sealedName);
            ZstdOutputStreamNoFinalizer zstd = new ZstdOutputStreamNoFinalizer(sealed, level);
            zstd.setChecksum(false);
            Counting raw = new Counting(zstd);
            long rows;
            try (OutputStream out = new BufferedOutputStream(raw, BUFFER)) {
                rows = content.writeTo(out);
            }
            written = new Written(rows, raw.count, sent.count, HexFormat.of().formatHex(sha256.digest()));
            upload.commit(false);
        }
        readBack(target, path, written);
        return written;
    }

    private static void readBack(Target target, String path, Written written) throws IOException {
        MessageDigest sha256 = ContentHash.sha256();
        long bytes = 0;
        try (InputStream in = target.open(path)) {
            byte[] buffer = new byte[BUFFER];
            for (int read = in.read(buffer); read >= 0; read = in.read(buffer)) {
                sha256.update(buffer, 0, read);
                bytes += read;
            }
        } catch (NoSuchFileException | FileNotFoundException e) {
            throw new TargetUnavailable(
                    path + " is not in " + target.description() + ", although the target said that it took it", e);
        }
        if (bytes != written.bytes()
                || !HexFormat.of().formatHex(sha256.digest()).equals(written.sha256())) {
            throw new TargetUnavailable(path + " in " + target.description() + " holds other bytes than were written"
                    + " to it, although the target said that it took them (" + bytes + " bytes back, "
                    + written.bytes() + " written)");
        }
    }

    static InputStream opened(InputStream sealed, SecretKey dataKey, String sealedName) throws IOException {
        try {
            return new ZstdInputStreamNoFinalizer(new SealedInput(sealed, dataKey, sealedName));
        } catch (IOException | RuntimeException e) {
            sealed.close();
            throw e;
        }
    }

    private static final class Counting extends OutputStream {
        private final OutputStream out;
        private long count;

        Counting(OutputStream out) {
            this.out = out;
        }

        @Override
        public void write(int b) throws IOException {
            out.write(b);
            count++;
        }

        @Override
        public void write(byte[] bytes, int offset, int length) throws IOException {
            out.write(bytes, offset, length);
            count += length;
        }

        @Override
        public void flush() throws IOException {
            out.flush();
        }

        @Override
        public void close() throws IOException {
            out.close();
        }
    }

    /// The upload is committed by its owner, not closed by what writes into it.
    private static final class NotClosing extends OutputStream {
        private final OutputStream out;

        NotClosing(OutputStream out) {
            this.out = out;
        }

        @Override
        public void write(int b) throws IOException {
            out.write(b);
        }

        @Override
        public void write(byte[] bytes, int offset, int length) throws IOException {
            out.write(bytes, offset, length);
        }

        @Override
        public void flush() throws IOException {
            out.flush();
        }
    }
}
