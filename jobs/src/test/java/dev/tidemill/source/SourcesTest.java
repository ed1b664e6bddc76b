package dev.tidemill.source;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tidemill.document.RefusalReason;
import java.io.IOException;
import java.net.InetAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class SourcesTest {

    private static final WebLimits LIMITS = new WebLimits(Duration.ofSeconds(5), 1 << 20, 1, Duration.ZERO, false);

    @TempDir
    Path folder;

    private List<SourceItem> list(SourceType type, Path location) throws IOException {
        List<SourceItem> items = new ArrayList<>();
        try (Listing listing = new Sources(LIMITS, folder).open(type, location.toString())) {
            long total = listing.total();
            for (SourceItem item = listing.next(); item != null; item = listing.next()) {
                items.add(item);
            }
            assertThat(items).as("the total is known beforehand").hasSize((int) total);
        }
        return items;
    }

    private void file(String name) throws IOException {
        Path file = folder.resolve(name);
        Files.createDirectories(file.getParent());
        Files.writeString(file, name);
    }

    @Test
    void aFolderListsItsFilesInTheOrderOfTheirNamesWithoutHiddenOnes() throws IOException {
        file("b.txt");
        file("a/z.txt");
        file("a/b/c.txt");
        file(".hidden.txt");
        file(".git/config.txt");
        assertThat(list(SourceType.DIRECTORY, folder))
                .extracting(SourceItem::key)
                .containsExactly("a/b/c.txt", "a/z.txt", "b.txt");
    }

    @Test
    void aFolderWhoseOwnNameIsHiddenIsListed() throws IOException {
        file(".notes/a.txt");
        assertThat(list(SourceType.DIRECTORY, folder.resolve(".notes")))
                .extracting(SourceItem::key)
                .containsExactly("a.txt");
    }

    @Test
    void aLinkIsNotFollowed() throws IOException {
        file("inside/a.txt");
        Path outside = Files.createTempFile("outside", ".txt");
        try {
            Files.createSymbolicLink(folder.resolve("inside/link.txt"), outside);
            Files.createSymbolicLink(folder.resolve("inside/up"), folder);
            assertThat(list(SourceType.DIRECTORY, folder.resolve("inside")))
                    .extracting(SourceItem::key)
                    .containsExactly("a.txt");
        } finally {
            Files.delete(outside);
        }
    }

    @Test
    void aSingleFileIsASourceOfOneDocument() throws IOException {
        file("one.txt");
        assertThat(list(SourceType.DIRECTORY, folder.resolve("one.txt")))
                .extracting(SourceItem::key)
                .containsExactly("one.txt");
    }

    @Test
    void aLineLongerThanTheLimitIsRefusedAndTheNextOneRead() throws IOException {
        Path file = folder.resolve("lines.jsonl");
        Files.writeString(
                file,
                "{\"_id\": \"1\", \"text\": \"" + "x".repeat(JsonlListing.MAX_LINE_BYTES)
                        + "\"}\n{\"_id\": \"2\", \"text\": \"short\"}");
        List<SourceItem> items = list(SourceType.JSONL, file);
        assertThat(items).extracting(SourceItem::key).containsExactly("line 1", "2");
        assertThat(items.getFirst().content())
                .isInstanceOfSatisfying(
                        SourceItem.Unavailable.class,
                        refused -> assertThat(refused.reason()).isEqualTo(RefusalReason.TOO_LARGE));
    }

    /// As its `chunks.jsonl` and the copies of it that it calls backups are.
    @Test
    void chunksOfMiniRagAreReadWithWhereTheyCameFrom() throws IOException {
        Path file = folder.resolve("chunks-20251120-101500-000000.jsonl");
        Files.writeString(file, """
                {"id": "0af1", "source": {"type": "document", "path": "notes/mill.md"}, "content": "The mill turns.", "metadata": {"language": "en", "chunk_index": 0, "doc_section": null}, "user_id": "u"}
                {"id": "0af2", "source": {"type": "youtube", "url": "https://example.org/v"}, "content": "Twice a day.", "metadata": {"start_sec": 12.5}}
                {"id": "0af3", "content": "cut off
                {"id": "0af4", "text": "Ours.", "content": "not this", "metadata": {"source": "kept"}, "source": {"path": "elsewhere"}}
                """);

        List<SourceItem> items = list(SourceType.JSONL, file);

        assertThat(items).hasSize(4);
        assertThat(items.get(0).key()).isEqualTo("0af1");
        assertThat(text(items.get(0))).isEqualTo("The mill turns.");
        assertThat(items.get(0).metadata())
                .containsEntry("source", "notes/mill.md")
                .containsEntry("source_type", "document")
                .containsEntry("language", "en");
        assertThat(text(items.get(1))).isEqualTo("Twice a day.");
        assertThat(items.get(1).metadata()).containsEntry("source", "https://example.org/v");
        assertThat(items.get(2).content()).isNotInstanceOf(SourceItem.OfBytes.class);
        assertThat(text(items.get(3))).isEqualTo("Ours.");
        assertThat(items.get(3).metadata()).containsEntry("source", "kept");
    }

    private static String text(SourceItem item) {
        return new String(((SourceItem.OfBytes) item.content()).bytes(), StandardCharsets.UTF_8);
    }

    @Test
    void aMissingLocationSaysWhatIsMissing() {
        assertThatThrownBy(() -> Sources.normalize(
                        SourceType.JSONL, folder.resolve("no.jsonl").toString()))
                .isInstanceOf(SourceUnavailable.class)
                .hasMessageContaining("no.jsonl does not exist: name an existing file");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "127.0.0.1",
                "10.0.0.1",
                "172.16.0.1",
                "172.31.255.255",
                "192.168.1.1",
                "169.254.169.254",
                "0.0.0.0",
                "100.64.0.1",
                "100.127.255.255",
                "192.0.0.8",
                "198.18.0.1",
                "224.0.0.1",
                "255.255.255.255",
                "::1",
                "::",
                "fe80::1",
                "fc00::1",
                "fdff::1",
                "::ffff:10.0.0.1",
                "64:ff9b::a00:1",
                "2002:a00:1::",
                "ff02::1"
            })
    void anAddressOfThisMachineOrAPrivateNetworkIsNotPublic(String address) throws IOException {
        assertThat(WebListing.isPublic(InetAddress.getByName(address))).isFalse();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "9.255.255.255", "11.0.0.0", "172.15.255.255", "172.32.0.0", "192.167.255.255", "192.169.0.0",
                "100.63.255.255", "100.128.0.0", "198.17.255.255", "198.20.0.0", "223.255.255.255", "2001:4860::8888"
            })
    void anAddressJustOutsideTheReservedRangesIsPublic(String address) throws IOException {
        assertThat(WebListing.isPublic(InetAddress.getByName(address))).isTrue();
    }
}
