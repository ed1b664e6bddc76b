package dev.tidemill.backup;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import javax.crypto.SecretKey;
import javax.crypto.spec.SecretKeySpec;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// In which order the backups of a target are listed.
class CatalogueTest {

    @TempDir
    private Path folder;

    @Test
    void ofTwoBackupsOfOneSecondTheLatestIsTheOneThatShowsMore() throws Exception {
        Keys keys = Keys.load("a secret of a test, long enough", folder.resolve("key"), false, List.of());
        Catalogue catalogue = new Catalogue(new DirectoryTarget(folder.resolve("backups")), keys);
        seal(catalogue, "20260301T120000Z-full-ffff", Instant.parse("2026-03-01T12:00:00.100Z"));
        seal(catalogue, "20260301T120000Z-full-0000", Instant.parse("2026-03-01T12:00:00.900Z"));

        assertThat(catalogue.list())
                .extracting(Catalogue.Entry::id)
                .containsExactly("20260301T120000Z-full-0000", "20260301T120000Z-full-ffff");
        assertThat(catalogue.latest().map(Catalogue.Entry::id)).contains("20260301T120000Z-full-0000");
    }

    private static void seal(Catalogue catalogue, String id, Instant snapshot) throws Exception {
        SecretKey dataKey = new SecretKeySpec(new byte[32], "AES");
        catalogue.seal(MadeManifest.of(id, snapshot, catalogue.keys().wrap(dataKey, id)), dataKey);
    }
}
