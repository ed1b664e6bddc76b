package dev.tidemill.seal;

import java.io.DataInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.security.GeneralSecurityException;
import java.util.Arrays;
import javax.crypto.Cipher;
import javax.crypto.SecretKey;

/// Reads what [SealedOutput] wrote. A changed byte, a frame out of its place and a missing end are
/// errors.
public final class SealedInput extends InputStream {

    private final DataInputStream in;
    private final SecretKey key;
    private final Cipher cipher;
    private final String name;
    private byte[] plain = new byte[0];
    private byte[] sealed = new byte[0];
    private int at;
    private int end;
    private long number;
    private boolean last;

    /// @param name that it was written under
    public SealedInput(InputStream in, SecretKey dataKey, String name) throws IOException {
        this.in = new DataInputStream(in);
        this.name = name;
        byte[] magic = this.in.readNBytes(SealedOutput.MAGIC.length);
        byte[] salt = this.in.readNBytes(SealedOutput.SALT);
        if (!Arrays.equals(magic, SealedOutput.MAGIC) || salt.length != SealedOutput.SALT) {
            throw damaged("it does not begin as a sealed part does", null);
        }
        this.key = Ciphers.derive(dataKey, salt, name);
        this.cipher = Ciphers.gcm();
    }

    private IOException damaged(String how, @org.jspecify.annotations.Nullable Exception cause) {
        return new IOException("the part " + name + " is damaged: " + how, cause);
    }

    @Override
    public int read() throws IOException {
        byte[] one = new byte[1];
        return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
    }

    @Override
    public int read(byte[] bytes, int offset, int length) throws IOException {
        if (length == 0) {
            return 0;
        }
        while (at == end) {
            if (last) {
                return -1;
            }
            frame();
        }
        int some = Math.min(length, end - at);
        System.arraycopy(plain, at, bytes, offset, some);
        at += some;
        return some;
    }

    private void frame() throws IOException {
        int word;
        try {
            word = in.readInt();
        } catch (EOFException e) {
            throw damaged("it is cut off", e);
        }
        boolean final_ = (word & SealedOutput.LAST) != 0;
        int length = word & ~SealedOutput.LAST;
        if (length < SealedOutput.TAG || length > SealedOutput.FRAME + SealedOutput.TAG) {
            throw damaged("a frame has an impossible length", null);
        }
        if (sealed.length < length) {
            sealed = new byte[length];
            plain = new byte[length];
        }
        if (in.readNBytes(sealed, 0, length) != length) {
            throw damaged("it is cut off", null);
        }
        try {
            cipher.init(Cipher.DECRYPT_MODE, key, SealedOutput.nonce(number++, final_));
            end = cipher.doFinal(sealed, 0, length, plain, 0);
        } catch (GeneralSecurityException e) {
            throw damaged("frame " + (number - 1) + " is not what was written", e);
        }
        at = 0;
        last = final_;
        if (last && in.read() >= 0) {
            throw damaged("something follows its end", null);
        }
    }

    @Override
    public void close() throws IOException {
        in.close();
    }
}
