package dev.tidemill.postgres;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class InstallationTest {

    @TempDir
    private Path root = Path.of("");

    @Test
    void theNewestInstallationThatHasPgvectorIsTaken() throws IOException {
        install(15, "0.8.0");
        install(16, "0.7.0");
        install(17, "");
        Installation found = find();
        assertThat(found.major()).isEqualTo(16);
        assertThat(found.pgvector()).isEqualTo("0.7.0");
    }

    @Test
    void anExistingClusterGetsItsOwnMajorVersion() throws IOException {
        install(15, "0.8.0");
        install(16, "0.8.0");
        assertThat(Installation.find(Map.of(), root, OptionalInt.of(15)).major())
                .isEqualTo(15);
    }

    @Test
    void noServerAtAllIsSaidWithTheWaysOut() {
        assertThatThrownBy(this::find)
                .isInstanceOf(DatabaseUnavailable.class)
                .hasMessageContaining("No PostgreSQL server is installed")
                .hasMessageContaining("./tidemill setup")
                .hasMessageContaining("DATABASE_URL");
    }

    @Test
    void aServerWithoutPgvectorIsSaid() throws IOException {
        install(15, "");
        assertThatThrownBy(this::find)
                .hasMessageContaining("pgvector")
                .hasMessageContaining("PostgreSQL 15")
                .hasMessageContaining("./tidemill setup");
    }

    @Test
    void aPgvectorWithoutHalfPrecisionCountsAsMissing() throws IOException {
        install(15, "0.6.2");
        assertThatThrownBy(this::find).hasMessageContaining("0.7 or newer");
    }

    @Test
    void aClientOnlyInstallationIsNoServer() throws IOException {
        Path bin = install(15, "0.8.0");
        Files.delete(bin.resolve("postgres"));
        assertThatThrownBy(this::find).hasMessageContaining("No PostgreSQL server is installed");
    }

    @Test
    void aChosenFolderIsTheOnlyOneLookedAt() throws IOException {
        install(17, "0.8.0");
        Path bin = install(15, "0.8.0");
        assertThat(Installation.find(Map.of("PG_BINDIR", bin.toString()), root, OptionalInt.empty())
                        .binDirectory())
                .isEqualTo(bin);
    }

    private Installation find() {
        return Installation.find(Map.of(), root, OptionalInt.empty());
    }

    private Path install(int major, String pgvector) throws IOException {
        Path bin = Files.createDirectories(root.resolve("usr/lib/postgresql/" + major + "/bin"));
        for (String program : List.of("initdb", "pg_ctl", "postgres")) {
            Path file = Files.writeString(
                    bin.resolve(program), "#!/bin/sh\necho 'postgres (PostgreSQL) " + major + ".3 (Debian)'\n");
            Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rwxr-xr-x"));
        }
        if (!pgvector.isEmpty()) {
            Path extension = Files.createDirectories(root.resolve("usr/share/postgresql/" + major + "/extension"));
            Files.writeString(extension.resolve("vector.control"), "default_version = '" + pgvector + "'\n");
        }
        return bin;
    }
}
