package dev.tidemill.transfer;

import java.nio.file.Path;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// Opens exported files with their passphrases.
///
/// @param environment of the server
record Archives(Map<String, String> environment) {

    Archives {
        environment = Map.copyOf(environment);
    }

    Archive open(TransferParameters parameters) {
        return open(parameters.file(), parameters.passphraseFrom());
    }

    Archive open(Path file, @Nullable String passphraseFrom) {
        return Archive.open(file, passphrase(passphraseFrom));
    }

    @Nullable
    Passphrase passphrase(@Nullable String from) {
        return Passphrase.read(from, environment);
    }
}
