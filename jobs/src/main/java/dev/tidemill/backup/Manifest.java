package dev.tidemill.backup;

import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/// What a backup holds. Written last: without it there is no backup. It lies in the target in clear, so nothing of
/// the documents may be in it; beside it lies its HMAC under the data key.
///
/// @param format of this file and of the parts
/// @param program version that wrote it
/// @param workspace the only one in it, null for all
/// @param snapshotAt the moment that the backup shows
/// @param lsn position in the write-ahead log at that moment
/// @param owner role that owned the database
/// @param roles others that the schema speaks of
/// @param extensions by name, with their versions
/// @param changeSets the schema's level: every change set applied
/// @param key the data key, wrapped
record Manifest(
        int format,
        String id,
        String program,
        Scope scope,
        @Nullable UUID workspace,
        Instant startedAt,
        Instant snapshotAt,
        Instant completedAt,
        String lsn,
        int serverMajor,
        String serverVersion,
        String database,
        String owner,
        List<String> roles,
        Map<String, String> extensions,
        List<String> changeSets,
        long databaseBytes,
        Keys.Wrapped key,
        List<Table> tables,
        List<Part> parts) {

    static final int FORMAT = 2;

    /// What is in a backup.
    enum Scope {
        /// schema and data of everything
        FULL,
        /// the schema alone
        SCHEMA,
        /// the data alone
        DATA,
        /// the schema and the data of one workspace
        WORKSPACE,
        /// the files of the whole cluster, to be recovered to a point in time with the write-ahead log
        CLUSTER;

        String id() {
            return name().toLowerCase(java.util.Locale.ROOT);
        }

        boolean schema() {
            return this != DATA && this != CLUSTER;
        }

        boolean data() {
            return this != SCHEMA && this != CLUSTER;
        }
    }

    /// A table with what was in it at the snapshot.
    ///
    /// @param name with its schema, quoted where it must be
    /// @param columns quoted where they must be; generated ones left out
    /// @param binary whether its rows are in the binary form of COPY; otherwise in the text form
    /// @param workspaceColumn place of `workspace_id` among the columns from 0 on, -1 without
    /// @param ofWorkspaces whether a workspace taken out of the backup needs it: its rows, or what these refer to
    /// @param rows how many
    /// @param digest sum over the rows, whatever their order, in hexadecimal; empty in the text form
    record Table(
            String name,
            List<String> columns,
            boolean binary,
            int workspaceColumn,
            boolean ofWorkspaces,
            long rows,
            String digest) {}

    /// What is in a part.
    enum Kind {
        /// SQL that comes before the data
        PRE_DATA,
        /// rows as COPY gives them: of a table, a piece of one, or several small ones one after another
        ROWS,
        /// SQL that sets the sequences
        SEQUENCES,
        /// SQL that comes after the data: indexes, constraints, policies
        POST_DATA,
        /// a base backup as tar, with its own manifest in it
        BASE,
        /// questions with the answers that this database gives, as JSON
        QUESTIONS
    }

    /// A file of the backup: zstd, then sealed.
    ///
    /// @param name in the folder of the backup, and in the sealing
    /// @param tables whose rows it holds, in their order in it; none for other kinds
    /// @param rawBytes before compression
    /// @param bytes as it lies in the target
    /// @param sha256 of those, in hexadecimal
    record Part(String name, Kind kind, List<Content> tables, long rows, long rawBytes, long bytes, String sha256) {}

    /// The rows of a table in a part: what one COPY gave, whole.
    ///
    /// @param rawBytes its length; the next one begins right behind it
    /// @param digest of its rows, as for the table
    record Content(String table, long rows, long rawBytes, String digest) {}

    long bytes() {
        return parts.stream().mapToLong(Part::bytes).sum();
    }

    long rawBytes() {
        return parts.stream().mapToLong(Part::rawBytes).sum();
    }

    long rows() {
        return tables.stream().mapToLong(Table::rows).sum();
    }

    Part part(String name) {
        return parts.stream()
                .filter(part -> part.name().equals(name))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException(
                        "backup " + id + " has no part " + name + ": ./tidemill backup info " + id + " lists them"));
    }

    List<Part> of(Kind kind) {
        return parts.stream().filter(part -> part.kind() == kind).toList();
    }

    Table table(String name) {
        return tables.stream()
                .filter(table -> table.name().equals(name))
                .findFirst()
                .orElseThrow();
    }
}
