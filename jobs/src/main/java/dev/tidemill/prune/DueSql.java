package dev.tidemill.prune;

/// Which rows of each kind may go, as what follows `SELECT …` in a statement of [PruneKind].
final class DueSql {

    private DueSql() {}

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

    /// No hold is on the document, its source or its project.
    private static final String FREE = """
             AND NOT EXISTS (SELECT FROM legal_holds o
               WHERE o.workspace_id = d.workspace_id AND o.project_id = d.project_id AND o.released_at IS NULL
                 AND (o.source_id IS NULL OR o.source_id = d.source_id) AND (o.document_id IS NULL OR o.document_id = d.id))
            """;

    /// No hold is on the project of `%s` as a whole.
    private static final String PROJECT_FREE = """
             AND NOT EXISTS (SELECT FROM legal_holds o
               WHERE o.workspace_id = %1$s.workspace_id AND o.project_id = %1$s.project_id AND o.released_at IS NULL
                 AND o.source_id IS NULL AND o.document_id IS NULL)
            """;

    /// No hold is on what the letter is about: a version, or a document as ingest or import names it, which may be one
    /// that never came to be.
    private static final String LETTER_FREE = """
             AND NOT EXISTS (SELECT FROM legal_holds o
               JOIN sources s ON s.workspace_id = o.workspace_id AND s.project_id = o.project_id
                 AND (o.source_id IS NULL OR s.id = o.source_id)
               LEFT JOIN documents d ON d.workspace_id = s.workspace_id AND d.source_id = s.id AND d.id = o.document_id
               WHERE o.workspace_id = l.workspace_id AND o.released_at IS NULL AND (
                 (o.document_id IS NULL AND (starts_with(l.item_key, s.id || '/')
                    OR starts_with(l.item_key, s.project_id || '/' || s.location || '/')))
                 OR l.item_key IN (s.id || '/' || d.key, s.project_id || '/' || s.location || '/' || d.key)
                 OR EXISTS (SELECT FROM document_versions v WHERE v.workspace_id = l.workspace_id AND v.id = l.version_id
                      AND v.source_id = s.id AND (o.document_id IS NULL OR v.document_id = o.document_id))))
            """;

    private static final String NOT_GUARDED = " AND NOT (d.project_id = ANY (CAST(:held AS uuid[]))) ";

    static final String VERSIONS = """
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

    static final String DOCUMENTS = """
            FROM documents d JOIN rules r ON r.source_id = d.source_id
            """ + TAGGED + """
            WHERE d.workspace_id = :workspace AND d.deleted_at <= CAST(:asOf AS timestamptz) - coalesce(g.undo, r.undo)
            """ + NOT_GUARDED + FREE;

    static final String EXPIRED = """
            FROM documents d JOIN rules r ON r.source_id = d.source_id
            LEFT JOIN document_versions p ON p.workspace_id = d.workspace_id AND p.document_id = d.id
              AND p.version = d.published_version
            """ + TAGGED + """
            WHERE d.workspace_id = :workspace AND d.deleted_at IS NULL
              AND (d.ttl_expires_at <= CAST(:asOf AS timestamptz)
                OR coalesce(p.valid_from, d.created_at) <= CAST(:asOf AS timestamptz) - coalesce(g.max_age, r.max_age))
            """ + NOT_GUARDED + FREE;

    static final String LETTERS = """
            FROM dead_letters l
            WHERE l.workspace_id = :workspace AND l.state IN ('resolved', 'ignored')
              AND coalesce(l.resolved_at, l.decided_at) <= CAST(:asOf AS timestamptz) - :letters * interval '1 second'
            """ + LETTER_FREE;

    static final String HISTORY = """
            FROM launches l
            WHERE l.workspace_id = :workspace AND l.state IN %s
              AND l.ended_at <= CAST(:asOf AS timestamptz) - :history * interval '1 second'
            """.formatted(ENDED);

    static final String PLANS = """
            FROM plans p WHERE p.workspace_id = :workspace
              AND p.expires_at <= CAST(:asOf AS timestamptz) - :history * interval '1 second'
            """;

    /// Never the newest of a schedule: its clock goes on from there.
    static final String FIRES = """
            FROM schedule_fires f
            WHERE f.workspace_id = :workspace AND f.due_at IS NULL
              AND f.decided_at <= CAST(:asOf AS timestamptz) - :fires * interval '1 second'
              AND EXISTS (SELECT FROM schedule_fires n WHERE n.workspace_id = f.workspace_id AND n.schedule = f.schedule
                AND n.fire_time > f.fire_time)
            """;

    static final String QUERIES = """
            FROM history h WHERE h.workspace_id = :workspace
              AND h.created_at <= CAST(:asOf AS timestamptz) - :queries * interval '1 second'
            """;

    static final String USAGE = """
            FROM usage_counters u WHERE u.workspace_id = :workspace
              AND u.day < CAST((CAST(:asOf AS timestamptz) - :usage * interval '1 second') AT TIME ZONE 'UTC' AS date)
            """;

    /// Never the newest good one of a set: later ones are compared with it.
    static final String EVALUATIONS = """
            FROM evaluation_runs e WHERE e.workspace_id = :workspace
              AND e.created_at <= CAST(:asOf AS timestamptz) - :evaluations * interval '1 second'
              AND EXISTS (SELECT FROM evaluation_runs n WHERE n.workspace_id = e.workspace_id AND n.project_id = e.project_id
                AND n.set_id = e.set_id AND n.golden_set_id = e.golden_set_id AND n.mode = e.mode
                AND n.id > e.id AND n.done_at IS NOT NULL AND NOT n.fell)
            """ + PROJECT_FREE.formatted("e");

    static final String ASKED = """
            FROM asked_questions q WHERE q.workspace_id = :workspace
              AND q.asked_at <= CAST(:asOf AS timestamptz) - :asked * interval '1 second'
            """ + PROJECT_FREE.formatted("q");

    /// Read as JSON, as when a set was retired and how long it soaks are columns of later versions of the table.
    static final String SETS = """
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
