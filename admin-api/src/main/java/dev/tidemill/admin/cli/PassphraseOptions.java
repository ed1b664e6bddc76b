package dev.tidemill.admin.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.SecureRandom;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/// Where the passphrase of an encrypted file is. It never goes to the server as a parameter: one
/// that is typed, or comes from
/// the command's own environment, is left in the data folder for the run, readable by its owner
/// only, and goes with it.
final class PassphraseOptions {

    private static final String VARIABLE = "TIDEMILL_PASSPHRASE";

    @Option(
            names = "--passphrase-file",
            paramLabel = "PATH",
            description = "file on the server that holds the passphrase")
    private @Nullable Path file;

    @Option(
            names = "--passphrase-env",
            paramLabel = "NAME",
            description =
                    "variable of the server's environment that holds it, TIDEMILL_PASSPHRASE or TIDEMILL_PASSPHRASE_NAME")
    private @Nullable String variable;

    boolean given() {
        return file != null || variable != null;
    }

    /// Says where the passphrase is.
    ///
    /// @param isNew asks twice, as a slip would lock the file for good
    Placed place(Tool tool, boolean isNew) {
        if (file != null) {
            return new Placed("file:" + file.toAbsolutePath().normalize(), null);
        }
        if (variable != null) {
            return new Placed("env:" + variable, null);
        }
        String value = tool.environment().getOrDefault(VARIABLE, "");
        if (!value.isEmpty()) {
            return leave(tool, value.toCharArray());
        }
        if (!Output.terminal()) {
            throw new CommandFailed(
                    ExitCode.USAGE,
                    "there is no terminal to type a passphrase on: give --passphrase-file or --passphrase-env, or set "
                            + VARIABLE);
        }
        return leave(tool, typed(isNew));
    }

    private static char[] typed(boolean isNew) {
        char[] once = read("passphrase: ");
        if (isNew) {
            char[] again = read("the same again: ");
            boolean same = Arrays.equals(once, again);
            Arrays.fill(again, ' ');
            if (!same) {
                throw new CommandFailed(ExitCode.USAGE, "the two are not the same: nothing was done");
            }
        }
        return once;
    }

    private static char[] read(String prompt) {
        char[] typed = Objects.requireNonNull(System.console()).readPassword(prompt);
        if (typed == null || typed.length == 0) {
            throw new CommandFailed(ExitCode.USAGE, "no passphrase: nothing was done");
        }
        return typed;
    }

    private static Placed leave(Tool tool, char[] value) {
        byte[] random = new byte[16];
        new SecureRandom().nextBytes(random);
        Path all = tool.home().folder().resolve("passphrases");
        Path left = all.resolve("passphrase-" + HexFormat.of().formatHex(random));
        try {
            Files.createDirectories(all);
            Files.createFile(left, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
            Files.writeString(left, new String(value));
        } catch (IOException e) {
            throw new CommandFailed(ExitCode.ERROR, "the passphrase cannot be left in " + left + ": " + e.getMessage());
        } finally {
            Arrays.fill(value, ' ');
        }
        return new Placed("once:" + left, left);
    }

    /// @param from what the run is told
    /// @param left the file that was left for the run, null for none
    record Placed(@Nullable String from, @Nullable Path left) {

        static Placed nowhere() {
            return new Placed(null, null);
        }

        void into(Map<String, Object> parameters) {
            if (from != null) {
                parameters.put("passphraseFrom", from);
            }
        }

        /// There is no run that needs it.
        void takeBack() {
            try {
                if (left != null) {
                    Files.deleteIfExists(left);
                }
            } catch (IOException e) {
                throw new CommandFailed(
                        ExitCode.ERROR, "remove " + left + ", which holds the passphrase: " + e.getMessage());
            }
        }
    }
}
