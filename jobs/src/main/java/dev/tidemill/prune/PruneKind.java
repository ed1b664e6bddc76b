package dev.tidemill.prune;

import java.util.Locale;

/// What prune removes, in the order in which it does. One piece of SQL says which rows those are: the plan counts by
/// it, the run reads by it, and the delete itself asks it once more.
enum PruneKind {

    /// documents whose time is over: out of the corpus, to be brought back until the undo window is over
    EXPIRED(Key.uuid("d.id"), "d.key", "0", Sql.EXPIRED, Sql.EXPIRED),

    /// superseded and refused versions
    VERSIONS(
            Key.number("v.id"),
            "d.key || ' version ' || v.version",
            "2 * coalesce(v.text_length, 0)::bigint",
            Sql.VERSIONS,
            Sql.VERSIONS),

    /// documents deleted longer ago than their undo window
    DOCUMENTS(Key.uuid("d.id"), "d.key", """
            (SELECT coalesce(sum(2 * coalesce(x.text_length, 0)), 0)::bigint FROM document_versions x
             WHERE x.workspace_id = d.workspace_id AND x.document_id = d.id)""", Sql.DOCUMENTS, Sql.DOCUMENTS),

    /// originals that no version has
    BLOBS(Key.bytes("b.sha256"), "encode(b.sha256, 'hex')", "b.size", """
            FROM blobs b WHERE b.workspace_id = :workspace AND b.created_at <= CAST(:asOf AS timestamptz) - :blobs * interval '1 second'
              AND NOT EXISTS (SELECT FROM document_versions x WHERE x.workspace_id = b.workspace_id AND x.sha256 = b.sha256)
            """, """
            FROM blobs b WHERE b.workspace_id = :workspace AND b.created_at <= CAST(:asOf AS timestamptz) - :blobs * interval '1 second'
              AND NOT EXISTS (SELECT FROM document_versions x WHERE x.workspace_id = b.workspace_id AND x.sha256 = b.sha256
                AND NOT EXISTS (SELECT FROM doomed_versions y WHERE y.id = x.id)
                AND NOT EXISTS (SELECT FROM doomed_documents z WHERE z.id = x.document_id))
            """),

    /// cached embeddings of texts that no chunk holds
    CACHE(
            Key.pair("e.content_id", "e.fingerprint"),
            "e.content_id::text",
            "octet_length(e.embedding)::bigint",
            """
            FROM embedding_cache e
            WHERE e.workspace_id = :workspace AND e.created_at <= CAST(:asOf AS timestamptz) - :cache * interval '1 second'
              AND NOT EXISTS (SELECT FROM chunks x WHERE x.workspace_id = e.workspace_id AND x.content_id = e.content_id)
            """,
            """
            FROM embedding_cache e
            WHERE e.workspace_id = :workspace AND e.created_at <= CAST(:asOf AS timestamptz) - :cache * interval '1 second'
              AND NOT EXISTS (SELECT FROM chunks x WHERE x.workspace_id = e.workspace_id AND x.content_id = e.content_id
                AND NOT EXISTS (SELECT FROM doomed_versions y WHERE y.id = x.version_id)
                AND NOT EXISTS (SELECT FROM doomed_documents z WHERE z.id = x.document_id))
            """),

    /// dead letters that are resolved or ignored
    LETTERS(
            Key.number("l.id"),
            "l.job || ' ' || l.item_key",
            "(octet_length(l.detail) + coalesce(octet_length(l.stack), 0))::bigint",
            Sql.LETTERS,
            Sql.LETTERS),

    /// ended launches with their runs and failures
    HISTORY(
            Key.number("l.job_instance_id"),
            "l.job || ' of ' || to_char(l.ended_at AT TIME ZONE 'UTC', 'YYYY-MM-DD')",
            "0",
            Sql.HISTORY,
            Sql.HISTORY),

    /// plans that nobody can apply any more
    PLANS(Key.uuid("p.id"), "p.job || ' plan'", "0", Sql.PLANS, Sql.PLANS),

    /// what was made of the times of schedules
    FIRES(Key.texts("f.schedule", "f.fire"), "f.schedule || ' ' || f.fire", "0", Sql.FIRES, Sql.FIRES),

    /// the query log
    QUERIES(
            Key.number("h.id"),
            "h.command || ' of ' || to_char(h.created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD')",
            "(octet_length(h.input) + octet_length(h.output))::bigint",
            Sql.QUERIES,
            Sql.QUERIES),

    /// requests and chunks of single days
    USAGE(Key.date("u.day"), "'usage of ' || u.day", "0", Sql.USAGE, Sql.USAGE),

    /// evaluations with their answers
    EVALUATIONS(
            Key.number("e.id"),
            "e.golden_set || ' ' || e.mode || ' of ' || to_char(e.created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD')",
            "0",
            Sql.EVALUATIONS,
            Sql.EVALUATIONS),

    /// questions that people asked, which new vector sets are tried with; a plan is kept, so it does not name them
    ASKED(
            Key.uuids("q.project_id", "q.question_id"),
            "'question of ' || to_char(q.asked_at AT TIME ZONE 'UTC', 'YYYY-MM-DD')",
            "octet_length(q.question)::bigint",
            Sql.ASKED,
            Sql.ASKED),

    /// tables of retired vector sets, whole
    SETS(Key.number("s.id"), "s.model", "pg_total_relation_size(to_regclass('vectors_' || s.id))", Sql.SETS, Sql.SETS);

    @SuppressWarnings("ImmutableEnumChecker") // a record of texts
    private final Key key;

    private final String label;
    private final String bytes;
    private final String applied;
    private final String planned;

    /// @param applied what may go now
    /// @param planned what may go once the kinds before it are gone
    PruneKind(Key key, String label, String bytes, String applied, String planned) {
        this.key = key;
        this.label = label;
        this.bytes = bytes;
        this.applied = applied;
        this.planned = planned;
    }

    /// The name of its step and of its count in a plan.
    String step() {
        return name().toLowerCase(Locale.ROOT);
    }

    /// Whether the guard against mass deletes judges it.
    boolean guarded() {
        return this == EXPIRED || this == DOCUMENTS;
    }

    /// How many there are, what they take, and a number that changes when they are others.
    String tally() {
        return Sql.WITH_DOOMED + "SELECT count(*) AS items, coalesce(sum(" + bytes + "), 0)::bigint AS bytes,"
                + " coalesce(sum(hashtextextended(" + key.text() + ", 0)::numeric), 0)::text AS hash " + planned;
    }

    /// The first of them.
    String examples() {
        return Sql.WITH_DOOMED + "SELECT " + label + " " + planned + " ORDER BY " + key.order() + " LIMIT :limit";
    }

    /// How many of each project, for kinds that the guard judges.
    String projects() {
        return Sql.WITH + "SELECT d.project_id, count(*) " + applied + " GROUP BY d.project_id";
    }

    String remaining() {
        return Sql.WITH + "SELECT count(*) " + applied;
    }

    /// The next ones after `:cursor`, or the first.
    String page(boolean first) {
        return Sql.WITH + "SELECT " + key.text() + " AS key, " + label + " AS label, " + bytes + " AS bytes " + applied
                + (first ? "" : " AND (" + key.order() + ") > (" + key.parsed(":cursor") + ")") + " ORDER BY "
                + key.order() + " LIMIT :limit";
    }

    /// Those of `:keys` that may still go: what was put on hold or used again meanwhile is left alone.
    String still() {
        return Sql.WITH + "SELECT " + key.text() + " " + applied + " AND (" + key.order() + ") IN (SELECT "
                + key.parsed("k") + " FROM unnest(CAST(:keys AS text[])) AS keys (k))";
    }

    /// How rows are told apart, as text and in an order that an index knows.
    ///
    /// @param parsing the columns of the order, from the text `$`
    private record Key(String order, String text, String parsing) {

        static Key uuid(String column) {
            return new Key(column, column + "::text", "CAST($ AS uuid)");
        }

        static Key number(String column) {
            return new Key(column, column + "::text", "CAST($ AS bigint)");
        }

        static Key date(String column) {
            return new Key(column, column + "::text", "CAST($ AS date)");
        }

        static Key uuids(String one, String other) {
            return new Key(
                    one + ", " + other,
                    one + "::text || '/' || " + other + "::text",
                    "CAST(split_part($, '/', 1) AS uuid), CAST(split_part($, '/', 2) AS uuid)");
        }

        static Key bytes(String column) {
            return new Key(column, "encode(" + column + ", 'hex')", "decode($, 'hex')");
        }

        static Key pair(String uuid, String rest) {
            return new Key(
                    uuid + ", " + rest,
                    uuid + "::text || '/' || " + rest,
                    "CAST(split_part($, '/', 1) AS uuid), substr($, strpos($, '/') + 1)");
        }

        static Key texts(String one, String other) {
            return new Key(
                    one + ", " + other,
                    one + " || chr(31) || " + other,
                    "split_part($, chr(31), 1), split_part($, chr(31), 2)");
        }

        String parsed(String value) {
            return parsing.replace("$", "CAST(" + value + " AS text)");
        }
    }

    /// Which rows may go.
    private static final class Sql {

        private static final String ENDED = "('completed', 'stopped', 'failed', 'needs_operator', 'abandoned')";

        /// What holds for each source: of several policies the narrowest that says something.
        private static final String RULES = """
                rules AS (
                  SELECT s.id AS source_id,
                         coalesce(bs.versions_keep, bp.versions_keep, bw.versions_keep, :keep) AS keep,
                         coalesce(bs.versions_after, bp.versions_after, bw.versions_after, :after * interval '1 second') AS after,
                         coalesce(bs.undo, bp.undo, bw.undo, :undo * interval '1 second') AS undo,
                         coalesce(bs.max_age, bp.max_age, bw.max_age, CAST(:maxAge AS float8) * interval '1 second') AS max_age
                  FROM sources s
                  LEFT JOIN retention_policies bs ON bs.workspace_id = s.workspace_id AND bs.source_id = s.id
                       AND bs.tag_name IS NULL
                  LEFT JOIN retention_policies bp ON bp.workspace_id = s.workspace_id AND bp.project_id = s.project_id
                       AND bp.source_id IS NULL AND bp.tag_name IS NULL
                  LEFT JOIN retention_policies bw ON bw.workspace_id = s.workspace_id AND bw.project_id IS NULL
                       AND bw.tag_name IS NULL
                  WHERE s.workspace_id = :workspace
                    AND (CAST(:project AS uuid) IS NULL OR s.project_id = CAST(:project AS uuid)))""";

        /// What holds for a document because of its metadata, in `g`: of several tags, what keeps it longest.
        private static final String TAGGED = """
                LEFT JOIN LATERAL (
                  SELECT max(t.versions_keep) AS keep, max(t.versions_after) AS after, max(t.undo) AS undo, max(t.max_age) AS max_age
                  FROM retention_policies t
                  JOIN document_versions m ON m.workspace_id = d.workspace_id AND m.document_id = d.id
                    AND m.version = coalesce(d.published_version, d.version)
                  WHERE t.workspace_id = d.workspace_id AND t.tag_name IS NOT NULL
                    AND (t.project_id IS NULL OR t.project_id = d.project_id)
                    AND t.tag_value = ANY (regexp_split_to_array(m.metadata ->> t.tag_name, '\\s*,\\s*'))) g ON true
                """;

        private static final String FREE = """
                 AND NOT EXISTS (SELECT FROM legal_holds o
                   WHERE o.workspace_id = d.workspace_id AND o.project_id = d.project_id AND o.released_at IS NULL
                     AND (o.source_id IS NULL OR o.source_id = d.source_id) AND (o.document_id IS NULL OR o.document_id = d.id))
                """;

        private static final String NOT_GUARDED = " AND NOT (d.project_id = ANY (CAST(:held AS uuid[]))) ";

        private static final String VERSIONS = """
                FROM document_versions v
                JOIN documents d ON d.workspace_id = v.workspace_id AND d.id = v.document_id
                JOIN rules r ON r.source_id = v.source_id
                """ + TAGGED + """
                WHERE v.workspace_id = :workspace AND v.state IN ('superseded', 'refused') AND v.version < d.version
                  AND v.version IS DISTINCT FROM d.published_version
                  AND coalesce(v.valid_to, v.created_at) <= CAST(:asOf AS timestamptz) - coalesce(g.after, r.after)
                  AND (v.state = 'refused' OR coalesce(g.keep, r.keep) <= (SELECT count(*) FROM document_versions n
                    WHERE n.workspace_id = v.workspace_id AND n.document_id = v.document_id AND n.state = 'superseded'
                      AND n.version > v.version))
                """ + FREE;

        private static final String DOCUMENTS = """
                FROM documents d JOIN rules r ON r.source_id = d.source_id
                """ + TAGGED + """
                WHERE d.workspace_id = :workspace AND d.deleted_at <= CAST(:asOf AS timestamptz) - coalesce(g.undo, r.undo)
                """ + NOT_GUARDED + FREE;

        private static final String EXPIRED = """
                FROM documents d JOIN rules r ON r.source_id = d.source_id
                LEFT JOIN document_versions p ON p.workspace_id = d.workspace_id AND p.document_id = d.id
                  AND p.version = d.published_version
                """ + TAGGED + """
                WHERE d.workspace_id = :workspace AND d.deleted_at IS NULL
                  AND (d.ttl_expires_at <= CAST(:asOf AS timestamptz)
                    OR coalesce(p.valid_from, d.created_at) <= CAST(:asOf AS timestamptz) - coalesce(g.max_age, r.max_age))
                """ + NOT_GUARDED + FREE;

        private static final String LETTERS = """
                FROM dead_letters l
                WHERE l.workspace_id = :workspace AND l.state IN ('resolved', 'ignored')
                  AND coalesce(l.resolved_at, l.decided_at) <= CAST(:asOf AS timestamptz) - :letters * interval '1 second'
                """;

        private static final String HISTORY = """
                FROM launches l
                WHERE l.workspace_id = :workspace AND l.state IN %s
                  AND l.ended_at <= CAST(:asOf AS timestamptz) - :history * interval '1 second'
                """.formatted(ENDED);

        private static final String PLANS = """
                FROM plans p WHERE p.workspace_id = :workspace
                  AND p.expires_at <= CAST(:asOf AS timestamptz) - :history * interval '1 second'
                """;

        /// Never the newest of a schedule: its clock goes on from there.
        private static final String FIRES = """
                FROM schedule_fires f
                WHERE f.workspace_id = :workspace AND f.due_at IS NULL
                  AND f.decided_at <= CAST(:asOf AS timestamptz) - :fires * interval '1 second'
                  AND EXISTS (SELECT FROM schedule_fires n WHERE n.workspace_id = f.workspace_id AND n.schedule = f.schedule
                    AND n.fire_time > f.fire_time)
                """;

        private static final String QUERIES = """
                FROM history h WHERE h.workspace_id = :workspace
                  AND h.created_at <= CAST(:asOf AS timestamptz) - :queries * interval '1 second'
                """;

        private static final String USAGE = """
                FROM usage_counters u WHERE u.workspace_id = :workspace
                  AND u.day < CAST((CAST(:asOf AS timestamptz) - :usage * interval '1 second') AT TIME ZONE 'UTC' AS date)
                """;

        /// Never the newest good one of a set: later ones are compared with it.
        private static final String EVALUATIONS = """
                FROM evaluation_runs e WHERE e.workspace_id = :workspace
                  AND e.created_at <= CAST(:asOf AS timestamptz) - :evaluations * interval '1 second'
                  AND EXISTS (SELECT FROM evaluation_runs n WHERE n.workspace_id = e.workspace_id AND n.project_id = e.project_id
                    AND n.set_id = e.set_id AND n.golden_set_id = e.golden_set_id AND n.mode = e.mode
                    AND n.id > e.id AND n.done_at IS NOT NULL AND NOT n.fell)
                """;

        private static final String ASKED = """
                FROM asked_questions q WHERE q.workspace_id = :workspace
                  AND q.asked_at <= CAST(:asOf AS timestamptz) - :asked * interval '1 second'
                """;

        /// Read as JSON, as when a set was retired and how long it soaks are columns of later versions of the table.
        private static final String SETS = """
                FROM vector_sets s
                WHERE s.workspace_id = :workspace AND to_regclass('vectors_' || s.id) IS NOT NULL
                  AND NOT EXISTS (SELECT FROM projects q WHERE q.workspace_id = s.workspace_id AND q.live_set_id = s.id)
                  AND ((s.state = 'retired' AND coalesce(CAST(to_jsonb(s) ->> 'retired_at' AS timestamptz), s.created_at)
                        <= CAST(:asOf AS timestamptz) - :sets * interval '1 second')
                    OR (s.state = 'soaking' AND CAST(to_jsonb(s) ->> 'soak_until' AS timestamptz)
                        <= CAST(:asOf AS timestamptz) - :sets * interval '1 second'))
                """;

        static final String WITH = "WITH " + RULES + " ";

        static final String WITH_DOOMED = "WITH " + RULES + ", doomed_versions AS (SELECT v.id " + VERSIONS
                + "), doomed_documents AS (SELECT d.id " + DOCUMENTS + ") ";
    }
}
