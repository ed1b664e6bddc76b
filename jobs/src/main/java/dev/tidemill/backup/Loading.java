package dev.tidemill.backup;

import dev.tidemill.backup.Catalogue.Archive;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.util.Arrays;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.postgresql.PGConnection;
import org.postgresql.copy.CopyIn;

/// Loads a part of rows, and notes it in the same transaction.
final class Loading {

    private static final int BUFFER = 1 << 16;

    private final Archive archive;
    private final Sessions sessions;
    private final @Nullable UUID only;

    /// Of a backup that was checked.
    ///
    /// @param only the one workspace to take out of the backup, null for all
    Loading(Archive archive, Sessions sessions, @Nullable UUID only) {
        this.archive = archive;
        this.sessions = sessions;
        this.only = only;
    }

    /// What was loaded.
    record Loaded(String part, long rows) {}

    Loaded load(Manifest.Part part) throws Exception {
        if (only != null
                && part.tables().stream()
                        .noneMatch(content ->
                                archive.manifest().table(content.table()).ofWorkspaces())) {
            return new Loaded(part.name(), 0);
        }
        return sessions.with(connection -> {
            LiveDatabase.execute(
                    connection,
                    "SET LOCAL synchronous_commit = off; SET LOCAL statement_timeout = 0; SET LOCAL row_security = off;"
                            + " SET LOCAL datestyle = ISO; SET LOCAL intervalstyle = postgres");
            long rows = 0;
            try (InputStream in = archive.open(part)) {
                for (Manifest.Content content : part.tables()) {
                    rows += load(connection, part, content, Slice.of(in, content.rawBytes(), part.name()));
                }
                // Proves the end of the part, and that nothing follows what its manifest knows.
                if (in.transferTo(OutputStream.nullOutputStream()) > 0) {
                    throw new BackupDamaged("part " + part.name() + " of backup "
                            + archive.manifest().id() + " holds more than its manifest says");
                }
            }
            try (PreparedStatement note =
                    connection.prepareStatement("INSERT INTO tidemill_restore.loaded (part, rows) VALUES (?, ?)")) {
                note.setString(1, part.name());
                note.setLong(2, rows);
                note.executeUpdate();
            }
            connection.commit();
            return new Loaded(part.name(), rows);
        });
    }

    private long load(Connection connection, Manifest.Part part, Manifest.Content content, Slice in)
            throws SQLException, IOException {
        Manifest.Table table = archive.manifest().table(content.table());
        if (content.rows() == 0 || (only != null && !table.ofWorkspaces())) {
            in.transferTo(OutputStream.nullOutputStream());
            return 0;
        }
        UUID wanted = only != null && table.workspaceColumn() >= 0 ? only : null;
        if (wanted != null && !table.binary()) {
            throw new IllegalStateException("one workspace cannot be taken out of " + table.name()
                    + ": its rows are in the text form of COPY. Restore the whole backup");
        }
        CopyIn copy = connection
                .unwrap(PGConnection.class)
                .getCopyAPI()
                .copyIn("COPY " + table.name() + " (" + String.join(", ", table.columns()) + ") FROM STDIN"
                        + (table.binary() ? " (FORMAT binary)" : ""));
        long rows;
        try {
            if (wanted == null) {
                all(in, copy);
            } else {
                some(in, copy, table.workspaceColumn(), wanted);
            }
            rows = copy.endCopy();
        } finally {
            if (copy.isActive()) {
                copy.cancelCopy();
            }
        }
        if (wanted == null && rows != content.rows()) {
            throw new BackupDamaged("part " + part.name() + " of backup "
                    + archive.manifest().id() + " gave " + rows + " rows of " + table.name() + " instead of "
                    + content.rows());
        }
        return rows;
    }

    private static void all(InputStream in, CopyIn copy) throws SQLException, IOException {
        byte[] buffer = new byte[BUFFER];
        for (int read = in.read(buffer); read >= 0; read = in.read(buffer)) {
            copy.writeToCopy(buffer, 0, read);
        }
    }

    /// Lets through only the rows whose field says that they belong to the workspace.
    private static void some(InputStream stream, CopyIn copy, int field, UUID workspace)
            throws SQLException, IOException {
        byte[] wanted = ByteBuffer.allocate(16)
                .putLong(workspace.getMostSignificantBits())
                .putLong(workspace.getLeastSignificantBits())
                .array();
        DataInputStream in = new DataInputStream(new java.io.BufferedInputStream(stream, BUFFER));
        byte[] header = in.readNBytes(RowDigest.HEADER);
        if (header.length < RowDigest.HEADER) {
            throw new EOFException("the part has no header");
        }
        copy.writeToCopy(header, 0, header.length);
        ByteArrayOutputStream row = new ByteArrayOutputStream(1 << 12);
        DataOutputStream out = new DataOutputStream(row);
        while (true) {
            int fields = in.readShort();
            if (fields < 0) {
                copy.writeToCopy(new byte[] {(byte) 0xff, (byte) 0xff}, 0, 2);
                in.transferTo(OutputStream.nullOutputStream());
                return;
            }
            row.reset();
            out.writeShort(fields);
            boolean ours = false;
            for (int i = 0; i < fields; i++) {
                int length = in.readInt();
                out.writeInt(length);
                if (length >= 0) {
                    byte[] value = in.readNBytes(length);
                    if (value.length < length) {
                        throw new EOFException("the part is cut off");
                    }
                    out.write(value);
                    ours |= i == field && Arrays.equals(value, wanted);
                }
            }
            if (ours) {
                byte[] bytes = row.toByteArray();
                copy.writeToCopy(bytes, 0, bytes.length);
            }
        }
    }
}
