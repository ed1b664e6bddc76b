package dev.tidemill.transfer;

import dev.tidemill.run.InvalidParameter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// What a file is encrypted by. Parameters of runs are kept in clear, so they only say where it is;
/// it is read there each
/// time it is needed, and kept nowhere else.
///
/// @param from where it was read
@SuppressWarnings("ArrayRecordComponent") // never compared
record Passphrase(String from, char[] value) {

    /// What tells where it is.
    static final String PARAMETER = "passphraseFrom";

    static final int SHORTEST = 12;

    private static final String FILE = "file:";
    private static final String ONCE = "once:";
    private static final String ENVIRONMENT = "env:";
    private static final int LONGEST = 4096;

    /// No other variable: a name in a request must not turn the server's secrets into passphrases.
    private static final Pattern VARIABLE = Pattern.compile("TIDEMILL_PASSPHRASE(_[A-Z0-9_]+)?");

    private static final Pattern LEFT_FILE = Pattern.compile("passphrase-[0-9a-f]{32}");

    /// Reads it.
    ///
    /// @param from `file:` and an absolute path, `once:` and the path of a file that goes with the
    ///     run, or `env:` and a
    ///     name; null or blank for none
    /// @param environment of the server
    static @Nullable Passphrase read(@Nullable String from, Map<String, String> environment) {
        if (from == null || from.isBlank()) {
            return null;
        }
        if (from.startsWith(ENVIRONMENT)) {
            return ofVariable(from, from.substring(ENVIRONMENT.length()), environment);
        }
        if (from.startsWith(FILE)) {
            return ofFile(from, Path.of(from.substring(FILE.length())));
        }
        if (from.startsWith(ONCE)) {
            return ofFile(from, leftFile(from));
        }
        // Not what was given: it may be the passphrase itself.
        throw new InvalidParameter(
                PARAMETER,
                PARAMETER + " must say where the passphrase is, and not be one: file:/path/on/the/server or"
                        + " env:TIDEMILL_PASSPHRASE");
    }

    private static Passphrase ofVariable(String from, String name, Map<String, String> environment) {
        if (!VARIABLE.matcher(name).matches()) {
            throw new InvalidParameter(
                    PARAMETER,
                    PARAMETER + " is " + from
                            + ": use a variable called TIDEMILL_PASSPHRASE or TIDEMILL_PASSPHRASE_NAME");
        }
        String value = environment.getOrDefault(name, "");
        if (value.isEmpty()) {
            throw new InvalidParameter(
                    PARAMETER,
                    "the server has no environment variable " + name + ": set it and start the server again");
        }
        return new Passphrase(from, value.toCharArray());
    }

    private static Passphrase ofFile(String from, Path file) {
        if (!file.isAbsolute()) {
            throw new InvalidParameter(PARAMETER, PARAMETER + " is " + from + ": give an absolute path of the server");
        }
        try {
            if (!Files.isRegularFile(file)) {
                throw new InvalidParameter(PARAMETER, "the passphrase file " + file + " is not there: put it back");
            }
            if (Files.size(file) > LONGEST) {
                throw new InvalidParameter(
                        PARAMETER,
                        "the passphrase file " + file + " has more than " + LONGEST + " bytes: name another one");
            }
            return new Passphrase(
                    from, Files.readString(file).replaceFirst("\\R\\z", "").toCharArray());
        } catch (IOException e) {
            throw new InvalidParameter(PARAMETER, "the passphrase file " + file + " cannot be read: " + e.getMessage());
        }
    }

    private static Path leftFile(String from) {
        Path file = Path.of(from.substring(ONCE.length()));
        if (!LEFT_FILE.matcher(String.valueOf(file.getFileName())).matches()) {
            throw new InvalidParameter(
                    PARAMETER, PARAMETER + " is " + from + ": only the command line leaves such files");
        }
        return file;
    }

    /// Removes the file that was left for one run, when it is over.
    static void forget(@Nullable String from) throws IOException {
        if (from != null && from.startsWith(ONCE)) {
            Files.deleteIfExists(leftFile(from));
        }
    }

    /// Good enough to encrypt with.
    Passphrase strong() {
        if (value.length < SHORTEST) {
            throw new InvalidParameter(
                    PARAMETER,
                    "the passphrase from " + from + " has " + value.length + " characters: use at least " + SHORTEST);
        }
        return this;
    }

    /// Without the passphrase.
    @Override
    public String toString() {
        return "passphrase from " + from;
    }
}
