package dev.tidemill.store;

import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.springframework.jdbc.core.simple.JdbcClient;

/// How much larger the indexes of vectors are than they need to be. What is deleted from a set leaves holes in the
/// graph of its index, which vacuum empties and only new vectors fill; until then a walk reads more pages for the
/// same hits.
public final class IndexBloat {

    /// Smaller indexes are in memory whatever is in them.
    private static final long JUDGED_FROM = 1 << 20;

    /// Of a page, without its header and what the index keeps at its end.
    private static final int PAGE = 8_160;

    private final JdbcClient jdbc;

    public IndexBloat(JdbcClient jdbc) {
        this.jdbc = jdbc;
    }

    /// An index and what it is made of.
    ///
    /// @param table of the vector set
    /// @param vectors live rows, as the statistics of the database know them
    /// @param dead rows that vacuum has not come to yet
    /// @param bytes of the index
    /// @param dimensions of a vector
    /// @param type of the column, `halfvec` or `vector`
    /// @param neighbours that an element of the graph has on each level
    public record Index(
            String table, long vectors, long dead, long bytes, int dimensions, String type, int neighbours) {

        public String name() {
            return table + "_hnsw";
        }

        /// Bytes that an index made now of these vectors would have: an element and its neighbours are in one page
        /// where both fit.
        public long needed() {
            int vector = 8 + dimensions * (type.equals("vector") ? Float.BYTES : Short.BYTES);
            int element = aligned(72 + vector) + aligned(4 + 2 * neighbours * 6) + 2 * 4;
            long perPage = PAGE / element;
            long pages = perPage == 0 ? 2 * vectors : (vectors + perPage - 1) / perPage;
            return (1 + pages) * 8_192;
        }

        private static int aligned(int size) {
            return (size + 7) / 8 * 8;
        }

        /// How many times that it takes, 1 for one that is too small to judge.
        public double times() {
            return bytes < JUDGED_FROM ? 1 : Math.max(1, bytes / (double) needed());
        }
    }

    /// Indexes of the whole installation; the catalogue tells of them, so that no workspace needs to be entered.
    public List<Index> all() {
        return indexes(null);
    }

    /// Indexes of the workspace of the caller's transaction.
    public List<Index> of(UUID workspaceId) {
        return indexes(workspaceId);
    }

    private List<Index> indexes(@Nullable UUID workspaceId) {
        return jdbc.sql("""
                        SELECT t.relname AS table,
                               CASE WHEN coalesce(s.n_live_tup, 0) > 0 THEN s.n_live_tup
                                    ELSE greatest(t.reltuples, 0)::bigint END AS vectors,
                               coalesce(s.n_dead_tup, 0) AS dead, pg_relation_size(i.oid) AS bytes,
                               a.atttypmod AS dimensions, y.typname AS type,
                               coalesce((SELECT split_part(o, '=', 2)::integer FROM unnest(i.reloptions) o WHERE o LIKE 'm=%'), 16)
                                 AS neighbours
                        FROM pg_class t
                        JOIN pg_class i ON i.relname = t.relname || '_hnsw' AND i.relnamespace = t.relnamespace
                        JOIN pg_index x ON x.indexrelid = i.oid AND x.indrelid = t.oid AND x.indisvalid
                        JOIN pg_attribute a ON a.attrelid = t.oid AND a.attname = 'embedding'
                        JOIN pg_type y ON y.oid = a.atttypid
                        LEFT JOIN pg_stat_user_tables s ON s.relid = t.oid
                        WHERE t.relnamespace = 'public'::regnamespace AND t.relname ~ '^vectors_[0-9]+$'
                          AND (CAST(:workspace AS uuid) IS NULL OR t.relname IN (
                            SELECT 'vectors_' || v.id FROM vector_sets v WHERE v.workspace_id = CAST(:workspace AS uuid)))
                        ORDER BY t.oid
                        """)
                .param("workspace", workspaceId == null ? null : workspaceId.toString(), java.sql.Types.VARCHAR)
                .query((row, number) -> new Index(
                        row.getString("table"),
                        row.getLong("vectors"),
                        row.getLong("dead"),
                        row.getLong("bytes"),
                        row.getInt("dimensions"),
                        row.getString("type"),
                        row.getInt("neighbours")))
                .list();
    }
}
