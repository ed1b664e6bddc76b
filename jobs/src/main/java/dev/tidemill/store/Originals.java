package dev.tidemill.store;

import dev.tidemill.document.ContentHash;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import org.springframework.jdbc.core.simple.JdbcClient;

/// The bytes of documents as they came, content-addressed: equal files are stored once per workspace.
public final class Originals {

    /// Bytes of one stored part, which bounds the memory of reading and writing any file.
    static final int PART_BYTES = 1 << 20;

    private final Workspaces workspaces;
    private final JdbcClient jdbc;

    public Originals(Workspaces workspaces, JdbcClient jdbc) {
        this.workspaces = workspaces;
        this.jdbc = jdbc;
    }

    /// A file that is in memory whole.
    @SuppressWarnings("ArrayRecordComponent") // never compared
    public record Whole(ContentHash hash, byte[] bytes) {}

    /// As [#store], several at once.
    ///
    /// @throws ChangedWhileReading when the bytes of one do not have its hash
    public void store(UUID workspaceId, List<Whole> files) throws IOException {
        List<Whole> small = new ArrayList<>();
        for (Whole file : files) {
            if (file.bytes().length == 0 || file.bytes().length > PART_BYTES) {
                store(workspaceId, file.hash(), file.bytes().length, new ByteArrayInputStream(file.bytes()));
            } else if (ContentHash.of(file.bytes()).equals(file.hash())) {
                small.add(file);
            } else {
                throw new ChangedWhileReading();
            }
        }
        if (!small.isEmpty()) {
            jdbc.sql("""
                            WITH file AS (SELECT hash, bytes FROM unnest(CAST(:hashes AS bytea[]), CAST(:bytes AS bytea[])) AS f (hash, bytes)),
                            blob AS (
                              INSERT INTO blobs (workspace_id, sha256, size)
                              SELECT :workspace, hash, octet_length(bytes) FROM file ON CONFLICT DO NOTHING RETURNING sha256)
                            INSERT INTO blob_parts (workspace_id, sha256, part, bytes)
                            SELECT :workspace, hash, 0, bytes FROM file JOIN blob ON blob.sha256 = hash
                            """)
                    .param("workspace", workspaceId)
                    .param(
                            "hashes",
                            small.stream().map(file -> file.hash().bytes()).toArray(byte[][]::new))
                    .param("bytes", small.stream().map(Whole::bytes).toArray(byte[][]::new))
                    .update();
        }
    }

    /// The bytes are not those whose hash was given: the file changed in between. The caller drops what was stored.
    public static final class ChangedWhileReading extends IOException {
        private static final long serialVersionUID = 1;

        ChangedWhileReading() {
            super("its bytes changed while they were being read");
        }
    }

    /// Stores bytes under their hash, in the caller's transaction. Nothing happens when they are there already.
    ///
    /// @throws ChangedWhileReading when the bytes do not have this hash and size; nothing is left stored
    public void store(UUID workspaceId, ContentHash hash, long size, InputStream in) throws IOException {
        if (size <= PART_BYTES) {
            storeSmall(workspaceId, hash, (int) size, in);
            return;
        }
        int inserted = jdbc.sql("""
                        INSERT INTO blobs (workspace_id, sha256, size) VALUES (:workspace, :hash, :size)
                        ON CONFLICT DO NOTHING
                        """)
                .param("workspace", workspaceId)
                .param("hash", hash.bytes())
                .param("size", size)
                .update();
        if (inserted == 0) {
            return;
        }
        MessageDigest digest = ContentHash.sha256();
        long left = size;
        for (int part = 0; left > 0; part++) {
            byte[] bytes = in.readNBytes((int) Math.min(PART_BYTES, left));
            if (bytes.length == 0) {
                break;
            }
            digest.update(bytes);
            left -= bytes.length;
            jdbc.sql("""
                            INSERT INTO blob_parts (workspace_id, sha256, part, bytes)
                            VALUES (:workspace, :hash, :part, :bytes)
                            """)
                    .param("workspace", workspaceId)
                    .param("hash", hash.bytes())
                    .param("part", part)
                    .param("bytes", bytes)
                    .update();
        }
        if (left > 0 || in.read() >= 0 || !Arrays.equals(digest.digest(), hash.bytes())) {
            jdbc.sql("DELETE FROM blobs WHERE workspace_id = :workspace AND sha256 = :hash")
                    .param("workspace", workspaceId)
                    .param("hash", hash.bytes())
                    .update();
            throw new ChangedWhileReading();
        }
    }

    /// One statement for what fits into one part, as nearly every document does.
    private void storeSmall(UUID workspaceId, ContentHash hash, int size, InputStream in) throws IOException {
        byte[] bytes = in.readNBytes(size);
        if (bytes.length < size || in.read() >= 0 || !ContentHash.of(bytes).equals(hash)) {
            throw new ChangedWhileReading();
        }
        jdbc.sql("""
                        WITH blob AS (
                          INSERT INTO blobs (workspace_id, sha256, size) VALUES (:workspace, :hash, :size)
                          ON CONFLICT DO NOTHING RETURNING workspace_id, sha256)
                        INSERT INTO blob_parts (workspace_id, sha256, part, bytes)
                        SELECT workspace_id, sha256, 0, :bytes FROM blob WHERE :size > 0
                        """)
                .param("workspace", workspaceId)
                .param("hash", hash.bytes())
                .param("size", size)
                .param("bytes", bytes)
                .update();
    }

    /// Writes the stored bytes out, part by part.
    ///
    /// @throws IllegalStateException when the stored bytes are missing or do not have their hash
    public void read(UUID workspaceId, ContentHash hash, OutputStream out) throws IOException {
        MessageDigest digest = ContentHash.sha256();
        for (int part = 0; ; part++) {
            int number = part;
            Optional<byte[]> bytes = workspaces.callAlone(
                    workspaceId,
                    () -> jdbc.sql("""
                            SELECT bytes FROM blob_parts
                            WHERE workspace_id = :workspace AND sha256 = :hash AND part = :part
                            """)
                            .param("workspace", workspaceId)
                            .param("hash", hash.bytes())
                            .param("part", number)
                            .query((row, n) -> row.getBytes(1))
                            .optional());
            if (bytes.isEmpty()) {
                break;
            }
            digest.update(bytes.get());
            out.write(bytes.get());
            if (bytes.get().length < PART_BYTES) {
                break;
            }
        }
        if (!Arrays.equals(digest.digest(), hash.bytes())) {
            throw new IllegalStateException("the stored original " + hash.hex()
                    + " is missing or damaged: restore it from a backup, or ingest the source again");
        }
    }
}
