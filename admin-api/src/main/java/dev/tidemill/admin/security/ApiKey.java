package dev.tidemill.admin.security;

import dev.tidemill.document.ContentHash;
import java.nio.charset.StandardCharsets;
import java.security.SecureRandom;
import java.util.Optional;
import java.util.random.RandomGenerator;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.zip.CRC32;

/// An API key: `tmk_<id>_<secret><check>`. The secret has 33 characters of base 62, more than 192 bits;
/// the check is the CRC-32 of all before it, so that a mistyped key is refused without asking the
/// database, and scanners find leaked ones.
///
/// @param id 8 characters, public
/// @param text the whole key; whoever has it may use it
public record ApiKey(String id, String text) {

    private static final String ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    private static final int ID = 8;
    private static final int SECRET = 33;
    private static final int CHECK = 6;
    private static final Pattern FORM =
            Pattern.compile("(tmk_([0-9A-Za-z]{%d})_[0-9A-Za-z]{%d})([0-9A-Za-z]{%d})".formatted(ID, SECRET, CHECK));

    /// A new key that nobody can guess.
    public static ApiKey generate() {
        return generate(new SecureRandom());
    }

    static ApiKey generate(RandomGenerator random) {
        String id = characters(random, ID);
        String body = "tmk_" + id + "_" + characters(random, SECRET);
        return new ApiKey(id, body + check(body));
    }

    /// Reads a key, empty when it is none or was mistyped.
    public static Optional<ApiKey> parse(String text) {
        Matcher matcher = FORM.matcher(text);
        if (!matcher.matches() || !check(matcher.group(1)).equals(matcher.group(3))) {
            return Optional.empty();
        }
        return Optional.of(new ApiKey(matcher.group(2), text));
    }

    /// What is stored instead of the key.
    byte[] hash() {
        return ContentHash.of(text).bytes();
    }

    private static String characters(RandomGenerator random, int count) {
        StringBuilder characters = new StringBuilder(count);
        for (int i = 0; i < count; i++) {
            characters.append(ALPHABET.charAt(random.nextInt(ALPHABET.length())));
        }
        return characters.toString();
    }

    private static String check(String body) {
        CRC32 crc = new CRC32();
        crc.update(body.getBytes(StandardCharsets.US_ASCII));
        StringBuilder check = new StringBuilder(CHECK);
        for (long rest = crc.getValue(); check.length() < CHECK; rest /= ALPHABET.length()) {
            check.append(ALPHABET.charAt((int) (rest % ALPHABET.length())));
        }
        return check.toString();
    }

    /// Never shows the secret.
    @Override
    public String toString() {
        return "tmk_" + id + "_…";
    }
}
