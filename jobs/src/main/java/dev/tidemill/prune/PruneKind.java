package dev.tidemill.prune;

import java.util.Locale;

/// What prune removes, in the order in which it does. One piece of SQL says which rows those are: the plan counts by
/// it, the run reads by it, and the delete itself asks it once more.
enum PruneKind {

    /// documents whose time is over: out of the corpus, to be brought back until the undo window is over
    EXPIRED(Key.uuid("d.id"), "d.key", "0", DueSql.EXPIRED, DueSql.EXPIRED),

    /// superseded and refused versions
    VERSIONS(
            Key.number("v.id"),
            "d.key || ' version ' || v.version",
            "2 * coalesce(v.text_length, 0)::bigint",
            DueSql.VERSIONS,
            DueSql.VERSIONS),

    /// documents deleted longer ago than their undo window
    DOCUMENTS(Key.uuid("d.id"), "d.key", """
            (SELECT coalesce(sum(2 * coalesce(x.text_length, 0)), 0)::bigint FROM document_versions x
             WHERE x.workspace_id = d.workspace_id AND x.document_id = d.id)""", DueSql.DOCUMENTS, DueSql.DOCUMENTS),

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
            DueSql.LETTERS,
            DueSql.LETTERS),

    /// ended launches with their runs and failures
    HISTORY(
            Key.number("l.job_instance_id"),
            "l.job || ' of ' || to_char(l.ended_at AT TIME ZONE 'UTC', 'YYYY-MM-DD')",
            "0",
            DueSql.HISTORY,
            DueSql.HISTORY),

    /// plans that nobody can apply any more
    PLANS(Key.uuid("p.id"), "p.job || ' plan'", "0", DueSql.PLANS, DueSql.PLANS),

    /// what was made of the times of schedules
    FIRES(Key.texts("f.schedule", "f.fire"), "f.schedule || ' ' || f.fire", "0", DueSql.FIRES, DueSql.FIRES),

    /// the query log
    QUERIES(
            Key.number("h.id"),
            "h.command || ' of ' || to_char(h.created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD')",
            "(octet_length(h.input) + octet_length(h.output))::bigint",
            DueSql.QUERIES,
            DueSql.QUERIES),

    /// requests and chunks of single days
    USAGE(Key.date("u.day"), "'usage of ' || u.day", "0", DueSql.USAGE, DueSql.USAGE),

    /// evaluations with their answers
    EVALUATIONS(
            Key.number("e.id"),
            "e.golden_set || ' ' || e.mode || ' of ' || to_char(e.created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD')",
            "0",
            DueSql.EVALUATIONS,
            DueSql.EVALUATIONS),

    /// questions that people asked, which new vector sets are tried with; a plan is kept, so it does not name them
    ASKED(
            Key.uuids("q.project_id", "q.question_id"),
            "'question of ' || to_char(q.asked_at AT TIME ZONE 'UTC', 'YYYY-MM-DD')",
            "octet_length(q.question)::bigint",
            DueSql.ASKED,
            DueSql.ASKED),

    /// tables of retired vector sets, whole
    SETS(
            Key.number("s.id"),
            "s.model",
            "pg_total_relation_size(to_regclass('vectors_' || s.id))",
            DueSql.SETS,
            DueSql.SETS);

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
        return DueSql.WITH_DOOMED + "SELECT count(*) AS items, coalesce(sum(" + bytes + "), 0)::bigint AS bytes,"
                + " coalesce(sum(hashtextextended(" + key.text() + ", 0)::numeric), 0)::text AS hash " + planned;
    }

    /// The first of them.
    String examples() {
        return DueSql.WITH_DOOMED + "SELECT " + label + " " + planned + " ORDER BY " + key.order() + " LIMIT :limit";
    }

    /// How many of each project, for kinds that the guard judges.
    String projects() {
        return DueSql.WITH + "SELECT d.project_id, count(*) " + applied + " GROUP BY d.project_id";
    }

    String remaining() {
        return DueSql.WITH + "SELECT count(*) " + applied;
    }

    /// The next ones after `:cursor`, or the first.
    String page(boolean first) {
        return DueSql.WITH + "SELECT " + key.text() + " AS key, " + label + " AS label, " + bytes + " AS bytes "
                + applied
                + (first ? "" : " AND (" + key.order() + ") > (" + key.parsed(":cursor") + ")") + " ORDER BY "
                + key.order() + " LIMIT :limit";
    }

    /// Those of `:keys` that may still go: what was put on hold or used again meanwhile is left alone.
    String still() {
        return DueSql.WITH + "SELECT " + key.text() + " " + applied + " AND (" + key.order() + ") IN (SELECT "
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
}
