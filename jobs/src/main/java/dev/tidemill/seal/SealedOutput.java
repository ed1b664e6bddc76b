package dev.tidemill.seal;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.security.GeneralSecurityException;
import java.security.SecureRandom;
import javax.crypto.Cipher;
import javax.crypto.SecretKey;
import javax.crypto.spec.GCMParameterSpec;

/// Encrypts a stream in frames, each authenticated with its place, so that a reader never hands on a
/// byte that was
/// changed, moved or cut off.
///
/// The form: 8 bytes `TIDEMIL` 0x01, 16 bytes of salt, then frames. A frame is 4 bytes, big endian:
/// the length of
/// what follows, with the highest bit set in the last frame; then AES-256-GCM of up to 256 KiB with
/// its tag of 16
/// bytes. The key is HKDF-SHA256 of the data key with the salt and the name of the part; the nonce
/// is 1 byte (1 in
/// the last frame, else 0), 3 zero bytes and the number of the frame in 8 bytes. A key is never used
/// twice, as the
/// salt is random.
public final class SealedOutput extends OutputStream {

    static final byte[] MAGIC = {'T', 'I', 'D', 'E', 'M', 'I', 'L', 1};
    static final int SALT = 16;
    static final int FRAME = 1 << 18;
    static final int TAG = 16;
    static final int LAST = 0x8000_0000;

    private final OutputStream out;
    private final SecretKey key;
    private final Cipher cipher;
    private final byte[] plain = new byte[FRAME];
    private final byte[] sealed = new byte[4 + FRAME + TAG];
    private int filled;
    private long number;
    private boolean closed;

    /// Begins a part.
    ///
    /// @param name of the part, under which alone it can be opened
    public SealedOutput(OutputStream out, SecretKey dataKey, String name) throws IOException {
        this.out = out;
        byte[] salt = new byte[SALT];
        new SecureRandom().nextBytes(salt);
        this.key = Ciphers.derive(dataKey, salt, name);
        this.cipher = Ciphers.gcm();
        out.write(MAGIC);
        out.write(salt);
    }

    static GCMParameterSpec nonce(long number, boolean last) {
        return new GCMParameterSpec(
                TAG * 8,
                ByteBuffer.allocate(12)
                        .putInt(last ? 1 << 24 : 0)
                        .putLong(number)
                        .array());
    }

    @Override
    public void write(int b) throws IOException {
        write(new byte[] {(byte) b}, 0, 1);
    }

    @Override
    public void write(byte[] bytes, int offset, int length) throws IOException {
        int from = offset;
        int left = length;
        while (left > 0) {
            // A full frame waits until more comes, as it may be the last one.
            if (filled == FRAME) {
                frame(false);
            }
            int some = Math.min(left, FRAME - filled);
            System.arraycopy(bytes, from, plain, filled, some);
            filled += some;
            from += some;
            left -= some;
        }
    }

    private void frame(boolean last) throws IOException {
        try {
            cipher.init(Cipher.ENCRYPT_MODE, key, nonce(number++, last));
            int length = cipher.doFinal(plain, 0, filled, sealed, 4);
            ByteBuffer.wrap(sealed).putInt(last ? length | LAST : length);
            out.write(sealed, 0, 4 + length);
            filled = 0;
        } catch (GeneralSecurityException e) {
            throw new IOException("a part cannot be encrypted: " + e.getMessage(), e);
        }
    }

    @Override
    public void flush() throws IOException {
        out.flush();
    }

    @Override
    public void close() throws IOException {
        if (!closed) {
            closed = true;
            frame(true);
            out.close();
        }
    }
}
