package dev.tidemill.transfer;

import dev.tidemill.store.VectorSet;
import dev.tidemill.transfer.ExportParts.Part;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import java.util.UUID;
import org.duckdb.DuckDBAppender;
import org.duckdb.DuckDBConnection;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.type.TypeReference;
import tools.jackson.databind.json.JsonMapper;

/// Writes parts as Parquet, for programs that read tables. DuckDB does it, in a database in memory
/// for each part and within
/// bounds of its own; what does not fit goes to the disk beside the parts.
final class ParquetParts {

    private static final TypeReference<List<String>> TEXTS = new TypeReference<>() {};

    /// In the order of [ExportRows#CHUNKS].
    private static final String CHUNKS = """
            CREATE TABLE part (content_id VARCHAR NOT NULL, document VARCHAR NOT NULL, source_type VARCHAR NOT NULL,
              source VARCHAR NOT NULL, title VARCHAR, media_type VARCHAR, metadata VARCHAR NOT NULL, sha256 VARCHAR NOT NULL,
              ordinal INTEGER NOT NULL, header VARCHAR NOT NULL, text VARCHAR NOT NULL, heading_path VARCHAR[] NOT NULL,
              start_offset INTEGER NOT NULL, end_offset INTEGER NOT NULL, tokens INTEGER NOT NULL, first_page INTEGER,
              last_page INTEGER, start_millis BIGINT, end_millis BIGINT)
            """;

    /// Bytes of vectors in one row group, which is what a reader holds at a time.
    private static final int ROW_GROUP_BYTES = 16 << 20;

    /// DuckDB writes row groups of multiples of this.
    private static final int ROWS_AT_A_TIME = 2048;

    private static final int CHUNKS_IN_ROW_GROUP = 2 * ROWS_AT_A_TIME;

    private ParquetParts() {}

    /// Rows of vectors in one row group.
    static int vectorsInRowGroup(int dimensions) {
        return Math.max(1, ROW_GROUP_BYTES / (Float.BYTES * dimensions) / ROWS_AT_A_TIME) * ROWS_AT_A_TIME;
    }

    /// Writes a part.
    ///
    /// @param file to write
    /// @return rows
    static long write(ExportParts parts, TransferParameters parameters, Part part, Path file) throws IOException {
        try (Connection connection = DriverManager.getConnection("jdbc:duckdb:");
                Statement statement = connection.createStatement()) {
            // Nothing is fetched from anywhere, and no part takes the machine.
            statement.execute("SET autoinstall_known_extensions = false; SET autoload_known_extensions = false;"
                    + " SET threads = 1; SET memory_limit = '256MB'; SET temp_directory = " + quoted(file + ".spill"));
            int rowGroup;
            long rows = switch (part.kind()) {
                case "chunks" -> {
                    rowGroup = CHUNKS_IN_ROW_GROUP;
                    statement.execute(CHUNKS);
                    yield append(connection, parts, parameters, part, ExportRows.CHUNKS, ParquetParts::chunk);
                }
                case "vectors" -> {
                    VectorSet set = parts.set(parameters, part);
                    rowGroup = vectorsInRowGroup(set.dimensions());
                    statement.execute(
                            "CREATE TABLE part (content_id VARCHAR NOT NULL, model VARCHAR NOT NULL, embedding FLOAT["
                                    + set.dimensions() + "] NOT NULL)");
                    yield append(
                            connection,
                            parts,
                            parameters,
                            part,
                            ExportRows.vectors(set),
                            (row, fields) -> vector(row, fields, set));
                }
                default -> throw new IllegalStateException("unknown kind of part: " + part.kind());
            };
            statement.execute("COPY part TO " + quoted(file.toString())
                    + " (FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE " + rowGroup + ")");
            return rows;
        } catch (SQLException e) {
            throw new IOException(e.getMessage(), e);
        }
    }

    private static String quoted(String text) {
        return "'" + text.replace("'", "''") + "'";
    }

    /// Appends a row.
    private interface Row {
        void append(DuckDBAppender row, byte[] @Nullable [] fields) throws SQLException;
    }

    private static long append(
            Connection connection, ExportParts parts, TransferParameters parameters, Part part, String sql, Row row)
            throws SQLException {
        long[] rows = {0};
        try (DuckDBAppender appender = connection.unwrap(DuckDBConnection.class).createAppender("main", "part")) {
            parts.stream(parameters, sql, part, fields -> {
                try {
                    appender.beginRow();
                    row.append(appender, fields);
                    appender.endRow();
                    rows[0]++;
                } catch (SQLException e) {
                    throw new IOException(e.getMessage(), e);
                }
            });
        }
        return rows[0];
    }

    private static void chunk(DuckDBAppender row, byte[] @Nullable [] fields) throws SQLException {
        row.append(uuid(PartRows.field(fields, 0)));
        for (int i = 1; i <= 7; i++) {
            text(row, fields[i]);
        }
        number(row, fields[8]);
        text(row, fields[9]);
        text(row, fields[10]);
        row.append(JsonMapper.shared().readValue(PartRows.field(fields, 11), TEXTS));
        for (int i = 12; i <= 16; i++) {
            number(row, fields[i]);
        }
        large(row, fields[17]);
        large(row, fields[18]);
    }

    private static void vector(DuckDBAppender row, byte[] @Nullable [] fields, VectorSet set) throws SQLException {
        ByteBuffer from = ByteBuffer.wrap(PartRows.field(fields, 1));
        float[] values = new float[from.getShort()];
        from.getShort();
        for (int i = 0; i < values.length; i++) {
            values[i] = switch (set.type()) {
                case HALFVEC -> Float.float16ToFloat(from.getShort());
                case VECTOR -> from.getFloat();
            };
        }
        row.append(uuid(PartRows.field(fields, 0)));
        row.append(set.model());
        row.append(values);
    }

    private static String uuid(byte[] bytes) {
        ByteBuffer buffer = ByteBuffer.wrap(bytes);
        return new UUID(buffer.getLong(), buffer.getLong()).toString();
    }

    private static void text(DuckDBAppender row, byte @Nullable [] field) throws SQLException {
        if (field == null) {
            row.appendNull();
        } else {
            row.append(new String(field, StandardCharsets.UTF_8));
        }
    }

    private static void number(DuckDBAppender row, byte @Nullable [] field) throws SQLException {
        if (field == null) {
            row.appendNull();
        } else {
            row.append(ByteBuffer.wrap(field).getInt());
        }
    }

    private static void large(DuckDBAppender row, byte @Nullable [] field) throws SQLException {
        if (field == null) {
            row.appendNull();
        } else {
            row.append(ByteBuffer.wrap(field).getLong());
        }
    }
}
