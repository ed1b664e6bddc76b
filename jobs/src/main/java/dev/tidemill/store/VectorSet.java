package dev.tidemill.store;

import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/// One embedding of a project by one model.
///
/// @param model id of the model
/// @param fingerprint of everything that decides over the vectors
/// @param type what the vectors are stored as
/// @param efSearch candidates of a walk of the index, null for the default
public record VectorSet(
        long id,
        String model,
        String fingerprint,
        int dimensions,
        Type type,
        State state,
        @Nullable Integer efSearch) {

    /// What a row of `vector_sets s` is read by.
    static final String COLUMNS = "s.id, s.model, s.fingerprint, s.dimensions, s.type, s.state, s.ef_search";

    /// Where a set is in its life.
    public enum State {
        /// being filled, indexed or judged
        BUILDING,
        /// built, and waits for an operator
        HELD,
        /// answers queries
        LIVE,
        /// answered queries, and can do so again by one call
        SOAKING,
        /// its table is gone
        RETIRED;

        public String column() {
            return name().toLowerCase(Locale.ROOT);
        }

        static State of(String column) {
            return valueOf(column.toUpperCase(Locale.ROOT));
        }
    }

    /// What a vector is stored as.
    public enum Type {
        /// two bytes a dimension: half the room, the same neighbours but for the last digits
        HALFVEC(2, 4_000),
        /// four bytes a dimension
        VECTOR(4, 2_000);

        private final int bytes;
        private final int indexable;

        Type(int bytes, int indexable) {
            this.bytes = bytes;
            this.indexable = indexable;
        }

        /// Its name in SQL, in YAML and on the command line.
        public String column() {
            return name().toLowerCase(Locale.ROOT);
        }

        /// Bytes for one dimension.
        public int bytes() {
            return bytes;
        }

        /// The most dimensions that an HNSW index takes.
        public int indexable() {
            return indexable;
        }

        public static Type of(String column) {
            return valueOf(column.toUpperCase(Locale.ROOT));
        }
    }

    /// The physical table; the id is a number, so the name cannot carry anything else.
    public String table() {
        return "vectors_" + id;
    }

    /// The SQL type of its vectors.
    String sqlType() {
        return type.column() + "(" + dimensions + ")";
    }

    public boolean live() {
        return state == State.LIVE;
    }

    static VectorSet read(ResultSet row, int number) throws SQLException {
        return new VectorSet(
                row.getLong("id"),
                row.getString("model"),
                row.getString("fingerprint"),
                row.getInt("dimensions"),
                Type.of(row.getString("type")),
                State.of(row.getString("state")),
                row.getObject("ef_search", Integer.class));
    }
}
