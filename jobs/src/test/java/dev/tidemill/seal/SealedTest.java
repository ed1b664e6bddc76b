package dev.tidemill.seal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.Arrays;
import java.util.Random;
import javax.crypto.SecretKey;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// What was sealed opens as it was, and in no other way.
class SealedTest {

    private static final SecretKey KEY = Ciphers.newDataKey();

    private static byte[] sealed(byte[] plain, String name) throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (SealedOutput out = new SealedOutput(bytes, KEY, name)) {
            out.write(plain);
        }
        return bytes.toByteArray();
    }

    private static byte[] opened(byte[] sealed, String name) throws IOException {
        try (SealedInput in = new SealedInput(new ByteArrayInputStream(sealed), KEY, name)) {
            return in.readAllBytes();
        }
    }

    @ParameterizedTest
    @ValueSource(
            ints = {0, 1, SealedOutput.FRAME - 1, SealedOutput.FRAME, SealedOutput.FRAME + 1, 3 * SealedOutput.FRAME})
    void whatWasSealedOpensAsItWas(int length) throws IOException {
        byte[] plain = new byte[length];
        new Random(length).nextBytes(plain);

        assertThat(opened(sealed(plain, "a"), "a")).isEqualTo(plain);
    }

    @Test
    void everyFlippedBitIsFound() throws IOException {
        byte[] sealed = sealed("the rows of a table".getBytes(java.nio.charset.StandardCharsets.UTF_8), "a");
        for (int bit = 0; bit < sealed.length * 8; bit++) {
            byte[] flipped = sealed.clone();
            flipped[bit / 8] ^= (byte) (1 << bit % 8);
            assertThatThrownBy(() -> opened(flipped, "a")).as("bit " + bit).isInstanceOf(IOException.class);
        }
    }

    @Test
    void whatIsCutOffOrContinuedIsFound() throws IOException {
        byte[] sealed = sealed(new byte[SealedOutput.FRAME + 100], "a");
        int first = SealedOutput.MAGIC.length + SealedOutput.SALT + 4 + SealedOutput.FRAME + SealedOutput.TAG;
        for (int length : new int[] {0, 7, 8, 23, 24, 27, first, first + 3, sealed.length - 1}) {
            assertThatThrownBy(() -> opened(Arrays.copyOf(sealed, length), "a"))
                    .as("cut to " + length)
                    .isInstanceOf(IOException.class);
        }
        assertThatThrownBy(() -> opened(Arrays.copyOf(sealed, sealed.length + 1), "a"))
                .isInstanceOf(IOException.class);
    }

    @Test
    void aPartDoesNotOpenUnderAnothersName() throws IOException {
        byte[] sealed = sealed(new byte[10], "backup/one");
        assertThatThrownBy(() -> opened(sealed, "backup/other")).hasMessageContaining("is not what was written");
    }

    @Test
    void theSameBytesAreNeverSealedTheSameWay() throws IOException {
        assertThat(sealed(new byte[10], "a")).isNotEqualTo(sealed(new byte[10], "a"));
    }
}
