package dev.tidemill.admin.crashtest;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/// The tokens of all versions are not counted yet. A trigger notes each time that they are filled in, in the same
/// transaction: what is rolled back does not count.
final class MigrateSubject implements Subject {

    private static final List<String> UNFILLED = List.of(
            "CREATE SCHEMA IF NOT EXISTS crash_test",
            "CREATE TABLE IF NOT EXISTS crash_test.filled (version_id bigint NOT NULL)",
            "TRUNCATE crash_test.filled",
            """
            CREATE OR REPLACE FUNCTION crash_test.note() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS
            $$ BEGIN INSERT INTO crash_test.filled VALUES (NEW.id); RETURN NULL; END $$
            """,
            "DROP TRIGGER IF EXISTS note_filled ON document_versions",
            "UPDATE document_versions SET tokens = NULL",
            """
            CREATE TRIGGER note_filled AFTER UPDATE OF tokens ON document_versions
            FOR EACH ROW EXECUTE FUNCTION crash_test.note()
            """,
            "UPDATE backfills SET state = 'open', done_at = NULL");

    private static final String FILLED = """
            SELECT d.key, v.version, count(f.version_id) AS times FROM document_versions v
            JOIN documents d ON d.id = v.document_id LEFT JOIN crash_test.filled f ON f.version_id = v.id
            WHERE v.chunk_count IS NOT NULL GROUP BY 1, 2
            """;

    @Override
    public String job() {
        return "migrate";
    }

    @Override
    public void prepare(World world, int round) throws InterruptedException {
        world.settle();
        UNFILLED.forEach(world::execute);
    }

    @Override
    public Order order(World world, Side side, String identity, int round) {
        return Order.of(identity, job(), Map.of());
    }

    @Override
    public List<String> contents(World world, Side side, String identity, int round) {
        List<String> lines = new ArrayList<>(side.lines("filled", FILLED));
        lines.addAll(side.lines("backfill", "SELECT id, state FROM backfills ORDER BY id"));
        return lines;
    }

    @Override
    public List<String> faults(World world, Side side, String identity, int round) {
        List<String> faults =
                new ArrayList<>(side.lines("not filled once", FILLED + " HAVING count(f.version_id) <> 1"));
        faults.addAll(side.lines("wrongly filled", """
                SELECT v.id, v.tokens FROM document_versions v WHERE v.chunk_count IS NOT NULL AND v.tokens IS DISTINCT FROM
                (SELECT coalesce(sum(c.tokens), 0) FROM chunks c WHERE c.version_id = v.id)
                """));
        return faults;
    }

    @Override
    public void conclude(World world, int round) {
        world.execute("DROP SCHEMA crash_test CASCADE");
    }
}
